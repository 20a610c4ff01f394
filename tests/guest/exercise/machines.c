// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises of KVM: a virtual machine whose processor is never run. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "exercise.h"

struct machine {
	int vm, cpu;
};

static void machine_close(struct machine *m)
{
	if (m->cpu >= 0)
		close(m->cpu);
	if (m->vm >= 0)
		close(m->vm);
}

/* With an interrupt controller in the kernel, or without one. */
static int machine_open(int kvm, int with_apic, struct machine *m)
{
	*m = (struct machine){ .vm = ioctl(kvm, KVM_CREATE_VM, 0UL), .cpu = -1 };
	if (m->vm < 0)
		return failed("KVM_CREATE_VM");
	if (with_apic && ioctl(m->vm, KVM_CREATE_IRQCHIP))
		return failed("KVM_CREATE_IRQCHIP");
	m->cpu = ioctl(m->vm, KVM_CREATE_VCPU, 0UL);
	return m->cpu < 0 ? failed("KVM_CREATE_VCPU") : 0;
}

static int use_apic(const struct machine *m)
{
	struct kvm_lapic_state state = { 0 };

	if (ioctl(m->cpu, KVM_SET_LAPIC, &state))
		return failed("KVM_SET_LAPIC");
	if (ioctl(m->cpu, KVM_GET_LAPIC, &state))
		return failed("KVM_GET_LAPIC");
	return 0;
}

/* While there is, or is not, another machine without an APIC of the kernel's. */
static int with_apic(unsigned int times, int beside)
{
	struct machine m = { -1, -1 }, bare = { -1, -1 };
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), status;

	if (kvm < 0)
		return failed("/dev/kvm");
	status = machine_open(kvm, 1, &m);
	if (!status && beside)
		status = machine_open(kvm, 0, &bare);
	while (!status && times--)
		status = use_apic(&m);
	machine_close(&bare);
	machine_close(&m);
	close(kvm);
	return status;
}

static int set_apic(unsigned int times)
{
	return with_apic(times, 0);
}

static int set_apic_beside(unsigned int times)
{
	return with_apic(times, 1);
}

const struct exercise exercises_machines[] = {
	{ "set-apic", set_apic },
	{ "set-apic-beside", set_apic_beside },
	{ 0 },
};
