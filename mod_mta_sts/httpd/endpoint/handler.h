/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_HANDLER_H
#define HTTPD_ENDPOINT_HANDLER_H

/*
 * The endpoint for TLS reports (RFC 8460 section 5.4). A quick handler handles exactly the path of
 * MTASTSReportPath, over https only, before everything else in the virtual host.
 *
 * A report is acknowledged only after its bytes are on disk. Anything that might be a report is
 * stored, because some senders never retry, no matter what the response is.
 */
void mts_report_handler_register_hooks(void);

/* Must be called in post_config (except in the dry run), after the counters have been created. */
void mts_report_handler_prepare(void);

#endif
