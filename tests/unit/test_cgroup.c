// SPDX-License-Identifier: GPL-2.0
/* Containers and units out of cgroup paths as the engines make them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup_path.h"

#define ID "4c01db0b339c2cd5b6bd3a2a5ba8a1b2f2f5a1d5fa1a0ef5a4f3c1d7e9b80a6d"
#define POD "pod2c48913c_b29f_11e7_9350_020968147796"
#define ID2 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define USER "/user.slice/user-1000.slice/user@1000.service"

/* NULL: there is none. */
struct shape {
	const char *path;
	const char *container;
	const char *unit;
};

static const struct shape shapes[] = {
	/* nobody's */
	{ "/", NULL, NULL },
	{ "", NULL, NULL },
	{ "/a/b", NULL, NULL },
	{ "/a//b/", NULL, NULL },

	/* docker, nerdctl, podman on cgroupfs and on systemd */
	{ "/docker/" ID, ID, NULL },
	{ "/docker/" ID "/init.scope", ID, "init.scope" },
	{ "/docker/" ID "/docker/" ID2, ID2, NULL },
	{ "/system.slice/docker-" ID ".scope", ID, "docker-" ID ".scope" },
	{ "/system.slice/docker-" ID ".scope/system.slice/nginx.service", ID,
	  "nginx.service" },
	{ "/system.slice/nerdctl-" ID ".scope", ID, "nerdctl-" ID ".scope" },
	{ USER "/user.slice/docker-" ID ".scope", ID, "docker-" ID ".scope" },
	{ "/system.slice/docker.service", NULL, "docker.service" },
	{ "/actions_job/" ID, ID, NULL },
	{ "/ecs/3d2b9e5a4c7f4f1c8e1e0c7b6a5d4e3f/" ID, ID, NULL },
	{ "/machine.slice/libpod-" ID ".scope", ID, "libpod-" ID ".scope" },
	{ "/machine.slice/libpod-" ID ".scope/container", ID,
	  "libpod-" ID ".scope" },
	{ "/machine.slice/libpod-conmon-" ID ".scope", NULL,
	  "libpod-conmon-" ID ".scope" },
	{ "/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID
	  ".scope/container",
	  ID, "libpod-" ID ".scope" },
	{ "/libpod_parent/libpod-" ID, ID, NULL },
	{ USER "/user.slice/libpod-" ID ".scope/container", ID,
	  "libpod-" ID ".scope" },
	{ "/system.slice/web.service/libpod-payload-" ID, ID, "web.service" },

	/* Kubernetes: containerd and CRI-O */
	{ "/kubepods/burstable/pod2c48913c-b29f-11e7-9350-020968147796/" ID, ID,
	  NULL },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-" POD
	  ".slice/cri-containerd-" ID ".scope",
	  ID, "cri-containerd-" ID ".scope" },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-" POD
	  ".slice/docker-" ID ".scope",
	  ID, "docker-" ID ".scope" },
	{ "/kubepods.slice/kubepods-" POD ".slice/crio-" ID ".scope", ID,
	  "crio-" ID ".scope" },
	{ "/kubepods.slice/kubepods-" POD ".slice/crio-" ID ".scope/container",
	  ID, "crio-" ID ".scope" },
	{ "/kubepods.slice/kubepods-" POD ".slice/crio-conmon-" ID ".scope",
	  NULL, "crio-conmon-" ID ".scope" },
	{ "/kubepods/burstable/pod1/crio-" ID, ID, NULL },
	{ "/kubepods.slice/kubepods-burstable-" POD ".slice:cri-containerd:" ID,
	  ID, NULL },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-" POD
	  ".slice/cri-containerd-" ID ".scope",
	  ID, "cri-containerd-" ID ".scope" },
	{ "/system.slice/docker-" ID2 ".scope/kubelet.slice/cri-containerd-" ID
	  ".scope",
	  ID, "cri-containerd-" ID ".scope" },

	/* almost */
	{ "/docker/4c01db0b339c", NULL, NULL },
	{ "/docker/" ID "0", NULL, NULL },
	{ "/docker/x" ID, NULL, NULL },
	{ "/docker/4C01DB0B339C2CD5B6BD3A2A5BA8A1B2F2F5A1D5FA1A0EF5A4F3C1D7E9B8"
	  "0A6D",
	  NULL, NULL },
	{ "/system.slice/docker-" ID ".slice", NULL, NULL },

	/* machines of systemd, LXC */
	{ "/machine.slice/machine-web.scope", "web", "machine-web.scope" },
	{ "/machine.slice/machine-web\\x2d1.scope/payload/system.slice/"
	  "nginx.service",
	  "web-1", "nginx.service" },
	{ "/machine.slice/systemd-nspawn@web\\x2d1.service/payload", "web-1",
	  "systemd-nspawn@web\\x2d1.service" },
	{ "/machine.slice/machine-qemu\\x2d1\\x2dvm.scope/libvirt/emulator",
	  NULL, "machine-qemu\\x2d1\\x2dvm.scope" },
	{ "/machine.slice/machine-a\\x2.scope", "a\\x2",
	  "machine-a\\x2.scope" },
	{ "/lxc.payload.web/system.slice/nginx.service", "web",
	  "nginx.service" },
	{ "/lxc.payload/web", "web", NULL },
	{ "/lxc/web/init.scope", "web", "init.scope" },
	{ "/lxc.monitor.web", NULL, NULL },
	{ "/lxc", NULL, NULL },

	/* units */
	{ "/init.scope", NULL, "init.scope" },
	{ "/system.slice", NULL, NULL },
	{ "/system.slice/nginx.service", NULL, "nginx.service" },
	{ "/system.slice/nginx.service/worker", NULL, "nginx.service" },
	{ "/system.slice/system-getty.slice/getty@tty1.service", NULL,
	  "getty@tty1.service" },
	{ "/system.slice/system-postgresql.slice/postgresql@15-main.service",
	  NULL, "postgresql@15-main.service" },
	{ "/system.slice/ssh.socket", NULL, "ssh.socket" },
	{ "/system.slice/systemd-fsck@dev-disk-by\\x2duuid-1.service", NULL,
	  "systemd-fsck@dev-disk-by\\x2duuid-1.service" },
	{ "/system.slice/_memory.service", NULL, "memory.service" },
	{ "/user.slice/user-1000.slice/session-3.scope", NULL,
	  "session-3.scope" },
	{ USER "/app.slice/app-org.gnome.Terminal.slice/vte-spawn-1.scope",
	  NULL, "vte-spawn-1.scope" },
	{ USER "/app.slice/syncthing.service", NULL, "syncthing.service" },
	{ USER "/init.scope", NULL, "init.scope" },
	{ "/.service", NULL, NULL },
	{ "/_.service", NULL, NULL },
};

static void test_shapes(void **state)
{
	char text[CGROUP_PART_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i];

		if (cgroup_container(s->path, text) != !!s->container ||
		    (s->container && strcmp(text, s->container)))
			fail_msg("container of %s", s->path);
		if (cgroup_unit(s->path, text) != !!s->unit ||
		    (s->unit && strcmp(text, s->unit)))
			fail_msg("unit of %s: %s", s->path, text);
	}
}

/* What does not fit is not cut. */
static void test_long_parts(void **state)
{
	char path[2 * CGROUP_PART_MAX], text[CGROUP_PART_MAX];
	size_t len = CGROUP_PART_MAX - 1;

	(void)state;
	path[0] = '/';
	memset(path + 1, 'a', sizeof(path) - 1);
	memcpy(path + 1 + len - 8, ".service", 9);
	assert_true(cgroup_unit(path, text));
	assert_int_equal(strlen(text), len);
	memset(path + 1, 'a', len);
	memcpy(path + 1 + len - 7, ".service", 9);
	assert_false(cgroup_unit(path, text));
	memset(path, 'a', sizeof(path));
	memcpy(path, "/lxc/", 5);
	path[5 + len] = '\0';
	assert_true(cgroup_container(path, text));
	path[5 + len] = 'a';
	path[5 + len + 1] = '\0';
	assert_false(cgroup_container(path, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_long_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
