/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_HANDLER_H
#define HTTPD_ENDPOINT_HANDLER_H

/*
 * The endpoint for TLS reports (RFC 8460 section 5.4). A quick handler answers exactly the path of
 * MTASTSReportPath, over https only, ahead of everything else in the virtual host.
 *
 * A report is acknowledged once its bytes are on disk, never before. Anything that might be a
 * report is stored: some senders never retry, whatever the response.
 */
void mts_report_handler_register_hooks(void);

/* Called in post_config (except in the dry run) after the counters were created. */
void mts_report_handler_prepare(void);

#endif
