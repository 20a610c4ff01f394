# suture: fixes for running kernels and processes.
#
#   make          build/suture
#   make demo     the whole way on a real fix, in a VM (installs what is missing)
#   make check    all tests (installs what is missing)
#   make bench    speed, as ratios taken in one run
#
# V=1 shows the commands; SAN=1 builds with ASan and UBSan into build-san.

VERSION := 0.1.0
SAN ?=
V ?=
B := build$(if $(SAN),-san)
PREFIX ?= /usr/local
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)';)

PKGS := libelf libdw libbpf
CPPFLAGS += -D_GNU_SOURCE -DSUTURE_VERSION='"$(VERSION)"' -Iuserspace -I. -I$B
CFLAGS ?= -O2 -g
CFLAGS += -std=gnu17 -Wall -Wextra -Wno-missing-field-initializers $(if $(WERROR),-Werror)
LDLIBS += -lelf -ldw -lbpf -lz -llzma -lzstd -llz4 -lm
ifneq ($(SAN),)
CFLAGS += -fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined
LDFLAGS += -fsanitize=address,undefined
endif

lib_src := $(filter-out userspace/cli/%,$(wildcard userspace/*/*.c)) $(filter-out qemu/init.c,$(wildcard qemu/*.c))
cli_src := $(wildcard userspace/cli/*.c)
bpf_src := $(wildcard bpf/*.bpf.c)
unit_src := $(wildcard tests/unit/*.c)

lib_obj := $(lib_src:%.c=$B/%.o)
cli_obj := $(cli_src:%.c=$B/%.o)
skeletons := $(bpf_src:bpf/%.bpf.c=$B/bpf/%.skel.h)
unit_bin := $(unit_src:tests/unit/%.c=$B/tests/unit/%)

.PHONY: all clean check-unit
all: $B/suture

$B/suture: $(cli_obj) $B/libsuture.a
	$(call say,LD,$@) $(CC) $(LDFLAGS) -o $@ $(cli_obj) $B/libsuture.a $(LDLIBS)

$B/libsuture.a: $(lib_obj)
	$(call say,AR,$@) rm -f $@ && ar rcs $@ $^

$B/%.o: %.c Makefile | $(skeletons)
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$B/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	@mkdir -p $(@D)
	$(call say,BPF,$<) $(CLANG) -target bpf -D__TARGET_ARCH_x86 -g -O2 -Wall -Ibpf -I/usr/include/x86_64-linux-gnu -c -o $@ $<

$B/bpf/%.skel.h: $B/bpf/%.bpf.o
	$(call say,SKEL,$@) $(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf > $@.new && mv $@.new $@

$B/tests/unit/%: tests/unit/%.c $B/libsuture.a
	@mkdir -p $(@D)
	$(call say,TEST,$@) $(CC) $(CPPFLAGS) -Itests/unit $(CFLAGS) -MMD -MP $(LDFLAGS) -o $@ $< $B/libsuture.a $(LDLIBS) -lcmocka

check-unit: $(unit_bin)
	$(Q)status=0; for t in $(unit_bin); do CMOCKA_MESSAGE_OUTPUT=STDOUT $$t || status=1; done; exit $$status

clean:
	rm -rf build build-san

-include $(shell find $B -name '*.d' 2>/dev/null)
