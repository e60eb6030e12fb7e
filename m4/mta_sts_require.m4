# SPDX-License-Identifier: Apache-2.0
# MTA_STS_REQUIRE(VARIABLE, PKG-CONFIG SPEC, DEBIAN PACKAGE): a library without which nothing builds;
# sets VARIABLE_CFLAGS and VARIABLE_LIBS.
AC_DEFUN([MTA_STS_REQUIRE], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 is missing: apt-get install $3 (or set PKG_CONFIG_PATH)])])
])
