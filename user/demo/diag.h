/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSTDEMO_DIAG_H
#define RSTDEMO_DIAG_H

#include "demo.h"

/**
 * destroy_socket - SOCK_DESTROY, as ss -K does it. @remote all zero (apart
 * from its family) means a listener. Skips the case where the kernel or the
 * caller's rights do not allow it.
 */
void destroy_socket(struct demo *d, const union addr *local,
		    const union addr *remote);

#endif
