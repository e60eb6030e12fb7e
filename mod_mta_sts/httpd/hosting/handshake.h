/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_HANDSHAKE_H
#define HTTPD_HOSTING_HANDSHAKE_H

/*
 * TLS handshakes in virtual hosts with MTASTSCertificates: the server name that the client requests
 * (SNI, RFC 6066 section 3) determines which key pairs are presented. A policy host without a pair
 * is rejected with the alert unrecognized_name, as RFC 8461 section 7.1 requires: senders then use
 * the policy that they have cached. All other names are left to mod_ssl, because the virtual host
 * may be the default for its address; so are challenges of ACME servers (acme-tls/1, RFC 8737).
 */

/* Whether a pair that has not expired, or a certificate of the virtual host itself, covers a name,
 * in any virtual host with MTASTSCertificates. name is in lower case. */
int mts_handshake_covers(const char *name);

/* Registers for the hook of mod_ssl. */
void mts_handshake_register_hooks(void);

#endif
