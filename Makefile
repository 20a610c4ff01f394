# suture: fixes for running kernels and processes. "make help" lists what can be made.
#
# Everything that is made lies in build/ (build-san/ with SAN=1, build-fuzz/ with FUZZ=1).
# Sources are found by wildcard: userspace/*/*.c and qemu/*.c make the library, and each of
# tests/unit/*.c, tests/fuzz/fuzz_*.c, tests/vm/*.c, tests/e2e/*.c and tests/bench/*.c a program.

VERSION := 0.1.0
V ?=
SAN ?=
FUZZ ?=
# Warnings are errors in a git checkout; a release is built by compilers we have not met.
WERROR ?= $(if $(wildcard .git),1)

B := build$(if $(SAN),-san)$(if $(FUZZ),-fuzz)
PREFIX ?= /usr/local
# Debian asks its packages for share/zsh/vendor-completions.
ZSH_DIR ?= $(PREFIX)/share/zsh/site-functions
DESTDIR ?=
INSTALL ?= install
CLANG ?= clang
CC := $(if $(FUZZ),$(CLANG),$(if $(filter default,$(origin CC)),gcc,$(CC)))
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)';)

# CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS belong to whoever calls make.
CFLAGS ?= -O2 -g
comma := ,
sanitize := $(if $(SAN)$(FUZZ),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=undefined) $(if $(FUZZ),-fsanitize=fuzzer-no-link)
all_cppflags := -D_GNU_SOURCE -DSUTURE_VERSION='"$(VERSION)"' -Iuserspace -I. -I$B $(CPPFLAGS)
all_cflags := $(CFLAGS) -std=gnu17 -Wall -Wextra -Wno-missing-field-initializers -fno-strict-aliasing \
	$(if $(WERROR),-Werror) $(sanitize)
all_ldflags := $(LDFLAGS) $(sanitize)
libs := -lkmod -lelf -ldw -lyaml -lsqlite3 -lZydis -lbpf -larchive -lcrypto -lz -llzma -lzstd -llz4 -lm $(LDLIBS)

lib_src := $(filter-out userspace/cli/% userspace/daemon/%,$(wildcard userspace/*/*.c)) $(wildcard qemu/*.c)
cli_src := $(wildcard userspace/cli/*.c)
daemon_src := $(wildcard userspace/daemon/*.c)
bpf_src := $(wildcard bpf/*.bpf.c)
test_src := $(foreach d,unit vm e2e bench,$(wildcard tests/$d/*.c))
fuzz_src := $(wildcard tests/fuzz/fuzz_*.c)

lib_obj := $(lib_src:%.c=$B/%.o) $B/qemu/guest_init.o $B/userspace/trial/agent.o \
	$B/userspace/hotpatch/timing_code.o
cli_obj := $(cli_src:%.c=$B/%.o)
daemon_obj := $(daemon_src:%.c=$B/%.o)
skeletons := $(bpf_src:bpf/%.bpf.c=$B/bpf/%.skel.h)
programs = $(patsubst %.c,$B/%,$(filter tests/$(1)/%,$(test_src)))
fuzz_bin := $(fuzz_src:%.c=$B/%)
# What the programs of tests/vm and tests/e2e share.
lab_obj := $(patsubst %.c,$B/%.o,$(wildcard tests/lab/*.c))
completions := $(addprefix $B/completion/,suture.bash _suture suture.fish)
man_pages := $(patsubst %.scd,$B/%,$(wildcard docs/*.[158].scd))

.PHONY: all tests help clean FORCE
all: $B/suture $B/sutured $(completions)

$B/suture: $(cli_obj) $B/libsuture.a $B/flags
	$(call say,LD,$@) $(CC) $(all_ldflags) -o $@ $(cli_obj) $B/libsuture.a $(libs)

$B/sutured: $(daemon_obj) $B/libsuture.a $B/flags
	$(call say,LD,$@) $(CC) $(all_ldflags) -o $@ $(daemon_obj) $B/libsuture.a $(libs)

$B/libsuture.a: $(lib_obj) $B/members
	$(call say,AR,$@) rm -f $@ && ar rcs $@ $(lib_obj)

$B/%.o: %.c $B/flags | $(skeletons)
	@mkdir -p $(@D)
	$(call say,CC,$<) $(CC) $(all_cppflags) $(all_cflags) -MMD -MP -c -o $@ $<

# The guest's init: static, alone, never sanitised; its bytes go into the library.
guest_src := $(wildcard qemu/guest/*.c) qemu/frame.c
$B/qemu/init: $(guest_src) qemu/guest/guest.h qemu/frame.h $B/flags
	@mkdir -p $(@D)
	$(call say,INIT,$@) $(CC) -D_GNU_SOURCE -I. -std=gnu17 -Os -Wall -Wextra $(if $(WERROR),-Werror) \
		-static -s -o $@ $(guest_src)

$B/qemu/guest_init.o: qemu/guest_init.S $B/qemu/init
	$(call say,AS,$<) $(CC) -Wa,-I$B -c -o $@ $<

# What a trial does in the guest: likewise.
$B/trial/agent: $(wildcard userspace/trial/guest/*.[ch]) $B/flags
	@mkdir -p $(@D)
	$(call say,GUEST,$@) $(CC) -D_GNU_SOURCE -Iuserspace -std=gnu17 -Os -Wall -Wextra \
		$(if $(WERROR),-Werror) -static -s -o $@ $(filter %.c,$^)

$B/userspace/trial/agent.o: userspace/trial/agent.S $B/trial/agent
	@mkdir -p $(@D)
	$(call say,AS,$<) $(CC) -Wa,-I$B -c -o $@ $<

# What is copied into a process to time calls there.
$B/userspace/hotpatch/timing_code.o: userspace/hotpatch/timing_code.S userspace/hotpatch/timing_layout.h
	@mkdir -p $(@D)
	$(call say,AS,$<) $(CC) -Iuserspace -c -o $@ $<

# The glue's source is embedded by the assembler, which tells no dependencies.
$B/userspace/livepatch/glue.o: $(wildcard kmod/payload/*.[ch])
$B/userspace/livepatch/guard_module.o: $(wildcard kmod/guard/*.[ch]) kmod/guard/Kbuild
$B/userspace/source/extra_header.o: kmod/include/suture/patch.h

# The guest's program for tests: static and alone, too.
$B/tests/guest/exercise: $(wildcard tests/guest/exercise/*.[ch]) $B/flags
	@mkdir -p $(@D)
	$(call say,GUEST,$@) $(CC) -D_GNU_SOURCE -std=gnu17 -O1 -g -Wall -Wextra \
		$(if $(WERROR),-Werror) -static -o $@ $(filter %.c,$^)

# The guard's client for tests: what the library says to the kernel.
$B/tests/guest/guard: $B/tests/guest/guard.o $B/libsuture.a
	$(call say,LD,$@) $(CC) $(all_ldflags) -o $@ $< $B/libsuture.a $(libs)

$B/bpf/%.bpf.o: bpf/%.bpf.c $B/flags
	@mkdir -p $(@D)
	$(call say,BPF,$<) $(CLANG) -target bpf -D__TARGET_ARCH_x86 -g -O2 -Wall -Ibpf \
		-ffile-prefix-map=$(CURDIR)=. \
		-I/usr/include/x86_64-linux-gnu -MMD -MP -c -o $@ $<

$B/bpf/%.skel.h: $B/bpf/%.bpf.o
	$(call say,SKEL,$@) $(BPFTOOL) gen skeleton $< name $(subst -,_,$*)_bpf > $@.new && mv $@.new $@

$B/tests/fuzz/%: $B/tests/fuzz/%.o $B/libsuture.a
	$(call say,LD,$@) $(CC) $(all_ldflags) -fsanitize=fuzzer -o $@ $< $B/libsuture.a $(libs)

$B/tests/lab.a: $(lab_obj)
	$(call say,AR,$@) rm -f $@ && ar rcs $@ $^

$(call programs,vm) $(call programs,e2e): $B/tests/%: $B/tests/%.o $B/tests/lab.a $B/libsuture.a
	$(call say,LD,$@) $(CC) $(all_ldflags) -o $@ $< $B/tests/lab.a $B/libsuture.a $(libs) -lcmocka

# What makes hotpatch objects for tests, without the build side.
$B/tests/hotpatch/driver $B/tests/bench/hotstop $B/tests/bench/hotmany $B/tests/bench/hotcall: $B/tests/%: $B/tests/%.o $B/tests/hotpatch/fix_object.o $B/libsuture.a
	$(call say,LD,$@) $(CC) $(all_ldflags) -o $@ $^ $(libs)

$B/tests/%: $B/tests/%.o $B/libsuture.a
	$(call say,LD,$@) $(CC) $(all_ldflags) -o $@ $< $B/libsuture.a $(libs) -lcmocka

$B/docs/%: docs/%.scd
	@mkdir -p $(@D)
	$(call say,MAN,$@) scdoc < $< > $@.new && mv $@.new $@

# The shells' completion: the verbs' own tables, put into a script for each shell.
$B/completion/table: $B/suture
	@mkdir -p $(@D)
	$(call say,GEN,$@) $< completion > $@.new && mv $@.new $@
$B/completion/%: scripts/completion/% $B/completion/table
	$(call say,GEN,$@) scripts/completion/fill $^ > $@.new && mv $@.new $@

# What the results depend on beside files: rewritten only when it differs.
record = @mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(1))' | cmp -s - $@ || \
	printf '%s\n' '$(subst ','\'',$(1))' > $@
$B/flags: FORCE
	$(call record,$(CC) $(all_cppflags) $(all_cflags) $(all_ldflags) $(libs))
$B/members: FORCE
	$(call record,$(lib_obj))

# Objects of test programs are kept, though only pattern rules name them.
.SECONDARY:
.PHONY: tests-unit
tests-unit: $(call programs,unit)
tests: $B/tests/guest/exercise $B/tests/guest/guard $B/tests/hotpatch/driver $(call programs,unit) $(call programs,vm) $(call programs,e2e) $(call programs,bench)

# The first build on a fresh machine uses all CPUs, unless the caller said how many.
parallel = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: check check-unit check-suites kselftest deps demo bench corpus oracle fuzz fuzz-programs man
check:
	$(Q)scripts/deps build check
	$(Q)MAKE='$(MAKE)' tests/run

check-unit: $(call programs,unit)
	$(Q)B=$B tests/run unit

# Kernels of trixie and sid, and the Debian packages: fetches about 1.2 GB.
check-suites:
	$(Q)scripts/deps build check
	$(Q)MAKE='$(MAKE)' tests/run suites

# The kernel's own livepatch selftests on three kernels; fetches about 1 GB.
kselftest:
	$(Q)scripts/deps build check
	$(Q)$(MAKE) --no-print-directory $(parallel) all
	$(Q)B=$B scripts/kselftest --suture

demo:
	$(Q)scripts/deps build demo
	$(Q)$(MAKE) --no-print-directory $(parallel) all
	$(Q)B=$B scripts/demo

bench:
	$(Q)scripts/deps build demo
	$(Q)$(MAKE) --no-print-directory $(parallel) all $(call programs,bench)
	$(Q)B=$B scripts/bench

# How often the judge of docs/JUDGE.md is wrong, by simulation and on recorded traces.
.PHONY: calibrate
calibrate: $B/tests/bench/judge
	$(Q)$B/tests/bench/judge --check
	$(Q)for t in tests/judge/traces/*; do $B/tests/bench/judge --check --replay $$t || exit 1; done

$B/tests/judge/record: $B/tests/judge/record.o $B/libsuture.a
	$(call say,LD,$@) $(CC) $(all_ldflags) -o $@ $^ $(libs)

corpus:
	$(Q)scripts/deps build check
	$(Q)$(MAKE) --no-print-directory $(parallel) all
	$(Q)B=$B scripts/corpus --vm

oracle:
	$(Q)scripts/deps build check
	$(Q)$(MAKE) --no-print-directory $(parallel) all
	$(Q)B=$B tests/oracle/no-change --files 500 --keep $B/no-change
	$(Q)B=$B tests/oracle/mutations --functions 200 --keep $B/mutations
	$(Q)for c in build/corpus/*/; do B=$B tests/oracle/relocations $$c || exit 1; done

fuzz:
	$(Q)scripts/deps build check
	$(Q)$(MAKE) --no-print-directory $(parallel) FUZZ=1 fuzz-programs
	$(Q)scripts/fuzz

fuzz-programs: $(fuzz_bin)

# make guard KERNEL=kernel:RELEASE, which must be a target
.PHONY: guard
guard: all
	$(Q)mkdir -p $B/guard/$(KERNEL:kernel:%=%)
	$(Q)$B/suture target guard $(KERNEL) -o $B/guard/$(KERNEL:kernel:%=%)/suture_guard.ko

man: $(man_pages)

# Debian packages, in build/deb/.
.PHONY: deb
deb:
	$(Q)MAKE='$(MAKE)' scripts/deb

.PHONY: format format-check lint compile_commands.json
c_files = $(shell git ls-files -co --exclude-standard '*.c' '*.h' 2>/dev/null)
format:
	$(Q)clang-format -i $(c_files)
format-check:
	$(Q)clang-format --dry-run -Werror $(c_files)
lint: $(skeletons) compile_commands.json
	$(Q)B=$B scripts/lint

compile_commands.json: $(skeletons)
	$(call say,GEN,$@)$(file > $@.new,[)$(foreach f,$(lib_src) $(cli_src) $(daemon_src) $(test_src) $(fuzz_src),\
	$(file >> $@.new,{"directory": "$(CURDIR)"$(comma) "file": "$f"$(comma) "output": "$B/$(f:.c=.o)"$(comma)\
	"command": "$(subst ",\",$(CC) $(all_cppflags) $(all_cflags) -c -o $B/$(f:.c=.o) $f)"}$(comma)))true
	@sed '$$ s/,$$/\n]/' $@.new > $@ && rm $@.new

.PHONY: install uninstall install-guard
bindir := $(DESTDIR)$(PREFIX)/bin
mandir := $(DESTDIR)$(PREFIX)/share/man
bash_dir := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zsh_dir := $(DESTDIR)$(ZSH_DIR)
fish_dir := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
unitdir := $(DESTDIR)$(PREFIX)/lib/systemd/system
install: all man
	$(INSTALL) -D -m 755 -t $(bindir) $B/suture $B/sutured
	$(INSTALL) -D -m 644 -t $(mandir)/man1 $(filter %.1,$(man_pages))
	$(INSTALL) -D -m 644 -t $(mandir)/man5 $(filter %.5,$(man_pages))
	$(INSTALL) -D -m 644 -t $(mandir)/man8 $(filter %.8,$(man_pages))
	$(INSTALL) -d $(unitdir)
	sed 's,@BINDIR@,$(PREFIX)/bin,' scripts/sutured.service > $(unitdir)/sutured.service
	$(INSTALL) -D -m 644 $B/completion/suture.bash $(bash_dir)/suture
	$(INSTALL) -D -m 644 -t $(zsh_dir) $B/completion/_suture
	$(INSTALL) -D -m 644 -t $(fish_dir) $B/completion/suture.fish
# The guard's source for DKMS: dkms install suture-guard/$(VERSION)
install-guard:
	$(INSTALL) -d $(DESTDIR)/usr/src/suture-guard-$(VERSION)
	$(INSTALL) -m 644 kmod/guard/Kbuild kmod/guard/*.[ch] $(DESTDIR)/usr/src/suture-guard-$(VERSION)
	sed 's/@VERSION@/$(VERSION)/g' kmod/guard/dkms.conf > $(DESTDIR)/usr/src/suture-guard-$(VERSION)/dkms.conf
uninstall:
	rm -f $(bindir)/suture $(bindir)/sutured $(unitdir)/sutured.service
	rm -f $(bash_dir)/suture $(zsh_dir)/_suture $(fish_dir)/suture.fish
	rm -f $(foreach p,$(man_pages),$(mandir)/man$(subst .,,$(suffix $p))/$(notdir $p))

clean:
	rm -rf build build-san build-fuzz compile_commands.json

help:
	@echo 'make            build/suture and build/sutured'
	@echo 'make demo       the whole way on a real fix, in a VM (installs what is missing)'
	@echo 'make check      all tests (installs what is missing)'
	@echo 'make check-unit the unit tests only; no root, no network, seconds'
	@echo 'make check-suites  kernels of other suites, with their compilers, and make deb; fetches 1.2 GB'
	@echo "make kselftest  the kernel's own livepatch selftests on 6.1, 6.12 and 7.2; fetches 1 GB"
	@echo 'make bench      speed, as ratios taken in one run'
	@echo 'make calibrate  error rates of the judge over 2,000 runs each; docs/JUDGE.md'
	@echo 'make corpus     300 real stable fixes built, loaded, taken back; build/corpus/ (hours)'
	@echo 'make oracle     500 changes that are none, 200 mutations, references of the corpus (hours)'
	@echo 'make fuzz       all fuzzers, FUZZ_SECONDS=60 altogether'
	@echo 'make guard      the guard for KERNEL=kernel:RELEASE, a target; build/guard/RELEASE/'
	@echo 'make lint       format, include direction, self-contained headers, clang, static analysis'
	@echo 'make format     clang-format over all C'
	@echo 'make deb        Debian packages of the programs and of the guard (DKMS); build/deb/'
	@echo 'make install    under DESTDIR and PREFIX=$(PREFIX); make uninstall takes it back'
	@echo 'make install-guard  the source of the guard, for DKMS; /usr/src/'
	@echo 'make clean      remove all build folders'
	@echo
	@echo 'V=1 shows the commands. SAN=1 builds with ASan and UBSan. WERROR= lets warnings pass.'

-include $(shell find $B -type f -name '*.d' 2>/dev/null)
