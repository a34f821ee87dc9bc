/* SPDX-License-Identifier: MIT
 *
 * free_port: a TCP port of this host for MASTER_PORT, on which ranks that bring a network engine of their own may meet.
 */
#ifndef MUSTER_COMMANDS_FREE_PORT_H
#define MUSTER_COMMANDS_FREE_PORT_H

#include <stdint.h>

/* One that is free now; 0 when there is none, then ranks get no MASTER_PORT. */
uint16_t free_port(void);

#endif
