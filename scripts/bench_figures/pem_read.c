/* SPDX-License-Identifier: Apache-2.0 */
/* Reads key pairs as programs commonly do, and prints the seconds that it took:
 *
 *   pem_read DIRECTORY COUNT
 *
 * DIRECTORY has the pairs 0 to COUNT - 1, each a directory with fullchain.pem and privkey.pem. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/ssl.h>

static void use(SSL_CTX *context, const char *directory, int number)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%d/fullchain.pem", directory, number);
    if (SSL_CTX_use_certificate_chain_file(context, path) != 1) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    snprintf(path, sizeof(path), "%s/%d/privkey.pem", directory, number);
    if (SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    int i, count = argc == 3 ? atoi(argv[2]) : 0;
    struct timespec begin, end;

    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (i = 0; i < count; i++) {
        use(context, argv[1], i);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    printf("%.6f\n",
           (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
    SSL_CTX_free(context);
    return 0;
}
