/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_POLICY_DUMP_JSON_H
#define HTTPD_POLICY_DUMP_JSON_H

/*
 * `apachectl -t -D DUMP_MTA_STS_JSON`: the effective configuration as one JSON document on one line
 * of standard output, for programs. doc/dump-json.md describes its members.
 */
void mts_dump_json_register_hooks(void);

#endif
