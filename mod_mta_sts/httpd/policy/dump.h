/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_DUMP_H
#define HTTPD_POLICY_DUMP_H

/*
 * `apachectl -t -D DUMP_MTA_STS`: what is served, where it comes from, and the DNS records to
 * publish, as lines of a zone file.
 */
void mts_dump_register_hooks(void);

#endif
