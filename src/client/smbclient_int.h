// SPDX-License-Identifier: Apache-2.0
/* Between smbclient.c (messages) and smbclient_auth.c (NEGOTIATE and SESSION_SETUP). */
#ifndef CLIENT_SMBCLIENT_INT_H
#define CLIENT_SMBCLIENT_INT_H

#include "client/smbclient.h"

/* Keeps the first violation; always false. */
bool smbclient_broken(struct smbclient *c, const char *format, ...) PRINTF_LIKE(2, 3);

/* What a response to NEGOTIATE or SESSION_SETUP means for the connection and the session; before
   signatures are checked, because the last SESSION_SETUP brings the key. */
bool smbclient_negotiated(struct smbclient *c, const struct wire_element *e);
bool smbclient_session_answered(struct smbclient_session *s, const struct wire_element *e);
void smbclient_session_free(struct smbclient_session *s);

#endif
