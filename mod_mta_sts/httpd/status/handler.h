/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTPD_STATUS_HANDLER_H
#define HTTPD_STATUS_HANDLER_H

/*
 * The status page: SetHandler mta-sts-status. It is an ordinary content handler, so that everything
 * in its <Location> applies, above all Require.
 */
void mts_status_register_hooks(void);

#endif
