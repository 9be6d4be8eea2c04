/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's own reasons for a reset, enum sk_rst_reason. */
#ifndef RSTWATCH_REASON_H
#define RSTWATCH_REASON_H

#include <stdint.h>

/**
 * reason_name() - what this kernel calls a reason
 * @raw: its number, which differs between kernels
 *
 * Return: the name without SK_RST_REASON_, such as "TCP_ABORT_ON_CLOSE",
 * valid until the program ends; NULL when the kernel has no such number.
 */
const char *reason_name(int32_t raw);

#endif
