/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_ENDPOINT_HANDLER_H
#define HTTPD_ENDPOINT_HANDLER_H

/*
 * The endpoint for TLS reports (RFC 8460 section 5.4). A quick handler takes exactly the path of
 * MTASTSReportPath, over https only, ahead of everything else that a virtual host may do with it.
 *
 * A report is acknowledged when its bytes are on disk, and not before. What might be a report is
 * kept: some senders never send it again, whatever the answer.
 */
void mts_report_handler_register_hooks(void);

#endif
