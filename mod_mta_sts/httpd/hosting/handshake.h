/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_HOSTING_HANDSHAKE_H
#define HTTPD_HOSTING_HANDSHAKE_H

/*
 * TLS handshakes in virtual hosts with MTASTSCertificates: the client's server name (SNI, RFC 6066
 * section 3) decides which pairs are presented. A policy host without a pair is refused with the
 * alert unrecognized_name, as RFC 8461 section 7.1 requires: senders then use the policy that they
 * have stored. Other names are left to mod_ssl, as the virtual host may be the default of its
 * address, and so are challenges of ACME clients (acme-tls/1, RFC 8737).
 */

/* Whether a pair that has not expired, or a certificate of the virtual host itself, covers a name
 * in lower case, in any virtual host with MTASTSCertificates. */
int mts_handshake_covers(const char *name);

/* Registers mod_ssl's hook. */
void mts_handshake_register_hooks(void);

#endif
