// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/mapped.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define HEADERS_MOST 64
#define NOTES_MOST 4096

static bool read_at(int fd, void *p, size_t n, uint64_t offset)
{
	return offset < INT64_MAX && pread(fd, p, n, (off_t)offset) == (ssize_t)n;
}

/* The notes of one segment; nothing found is no error. */
static void find_build_id(struct mapped *m, const Elf64_Phdr *ph)
{
	uint8_t notes[NOTES_MOST];
	size_t n = ph->p_filesz < sizeof(notes) ? (size_t)ph->p_filesz : sizeof(notes);
	size_t align = ph->p_align == 8 ? 8 : 4;

	if (!read_at(m->fd, notes, n, ph->p_offset))
		return;
	for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= n;) {
		size_t name = at + sizeof(Elf64_Nhdr), desc;
		Elf64_Nhdr h;

		memcpy(&h, notes + at, sizeof(h));
		if (h.n_namesz > n - name)
			return;
		desc = (name + h.n_namesz + align - 1) & ~(align - 1);
		if (desc > n || h.n_descsz > n - desc)
			return;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 &&
		    !memcmp(notes + name, "GNU", 4) && h.n_descsz && h.n_descsz <= BUILD_ID_MOST) {
			memcpy(m->build_id, notes + desc, h.n_descsz);
			m->build_id_n = h.n_descsz;
			return;
		}
		at = (desc + h.n_descsz + align - 1) & ~(align - 1);
	}
}

static bool add_load(struct mapped *m, const Elf64_Phdr *ph)
{
	uint64_t low = ph->p_vaddr & ~(PAGE_BYTES - 1), high = ph->p_vaddr + ph->p_memsz;

	if (m->n == MAPPED_LOADS || ph->p_filesz > ph->p_memsz || high < ph->p_vaddr ||
	    high > UINT64_MAX - PAGE_BYTES || ph->p_offset + ph->p_filesz < ph->p_offset ||
	    (ph->p_offset ^ ph->p_vaddr) & (PAGE_BYTES - 1))
		return false;
	high = (high + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
	if (!m->n || low < m->low)
		m->low = low;
	if (!m->n || high > m->high)
		m->high = high;
	m->loads[m->n++] = (struct mapped_load){ .offset = ph->p_offset,
						 .address = ph->p_vaddr,
						 .in_file = ph->p_filesz,
						 .in_memory = ph->p_memsz,
						 .exec = ph->p_flags & PF_X };
	return true;
}

static bool read_headers(struct mapped *m)
{
	Elf64_Phdr ph[HEADERS_MOST];
	Elf64_Ehdr eh;

	if (!read_at(m->fd, &eh, sizeof(eh), 0) || memcmp(eh.e_ident, ELFMAG, SELFMAG) ||
	    eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != EM_X86_64 ||
	    (eh.e_type != ET_EXEC && eh.e_type != ET_DYN) || eh.e_phentsize != sizeof(ph[0]) ||
	    eh.e_phnum > HEADERS_MOST ||
	    !read_at(m->fd, ph, eh.e_phnum * sizeof(ph[0]), eh.e_phoff))
		return false;
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD && ph[i].p_memsz && !add_load(m, &ph[i]))
			return false;
		if (ph[i].p_type == PT_NOTE && !m->build_id_n)
			find_build_id(m, &ph[i]);
		if (ph[i].p_type == PT_DYNAMIC) {
			m->dynamic = ph[i].p_vaddr;
			m->dynamic_n = ph[i].p_memsz;
		}
	}
	return m->n;
}

struct error *mapped_open(pid_t pid, const struct mapping *at, struct mapped *out)
{
	char path[80];

	*out = (struct mapped)MAPPED_CLOSED;
	snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", pid,
		 (unsigned long long)at->start, (unsigned long long)at->end);
	/* A device may be mapped as well: opening must not wait, nor do anything. */
	out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (out->fd < 0)
		return error_errno(errno, "%s", path);
	out->is_elf = read_headers(out);
	return NULL;
}

void mapped_close(struct mapped *m)
{
	close_fd(&m->fd);
}

bool mapped_bias(const struct mapped *m, const struct mapping *at, uint64_t *bias)
{
	for (unsigned int i = 0; i < m->n; i++) {
		const struct mapped_load *l = &m->loads[i];
		uint64_t page = l->offset & ~(PAGE_BYTES - 1);

		if (l->exec != at->exec || at->offset < page ||
		    at->offset >= l->offset + l->in_file)
			continue;
		*bias = at->start - (at->offset - page) - (l->address & ~(PAGE_BYTES - 1));
		return true;
	}
	return false;
}

struct error *mapped_bytes(const struct mapped *m, uint64_t address, void *p, size_t n)
{
	for (unsigned int i = 0; i < m->n; i++) {
		const struct mapped_load *l = &m->loads[i];

		if (address < l->address || address - l->address > l->in_file ||
		    n > l->in_file - (address - l->address))
			continue;
		if (!read_at(m->fd, p, n, l->offset + (address - l->address)))
			return error_failed("the mapped file has no bytes at 0x%llx",
					    (unsigned long long)address);
		return NULL;
	}
	return error_failed("0x%llx is no address of the mapped file", (unsigned long long)address);
}

bool mapped_is_code(const struct mapped *m, uint64_t address, uint64_t n)
{
	for (unsigned int i = 0; i < m->n; i++) {
		const struct mapped_load *l = &m->loads[i];

		if (l->exec && address >= l->address && address - l->address <= l->in_file &&
		    n <= l->in_file - (address - l->address))
			return true;
	}
	return false;
}
