// SPDX-License-Identifier: Apache-2.0
/*
 * NEGOTIATE, as far as others need it.
 */
#ifndef CORE_CMD_NEGOTIATE_H
#define CORE_CMD_NEGOTIATE_H

#include <stddef.h>
#include <stdint.h>

struct core;
struct core_conn;

/* The SMB1 multi-protocol NEGOTIATE ([MS-SMB2] 3.3.5.3). */
void negotiate_smb1(struct core_conn *conn, const uint8_t *data, size_t size);
/* The greatest common dialect, or 0; also for VALIDATE_NEGOTIATE_INFO. */
uint16_t negotiate_choose_dialect(const struct core *c, const uint16_t *offered, size_t count);
/* Connection.ServerSecurityMode. */
uint16_t negotiate_security_mode(const struct core *c);

#endif
