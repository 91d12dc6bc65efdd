/* Keys, encryption, a run and decryption with the library that `cloakwork compile --emit static` or `--emit shared` made
 * of `net.mlir`; the client and the server share nothing but bytes. */
#include "net.h"
#include <stdio.h>
#include <string.h>

static int failed(void) {
    fprintf(stderr, "error: %s\n", cloakwork_last_error());
    return 1;
}

int main(void) {
    /* The client makes keys, and keeps the secret ones under a passphrase. */
    cloakwork_spec *spec;
    cloakwork_secret_keys *secret;
    cloakwork_bytes evaluation, file;
    if (net_spec(&spec) || cloakwork_keygen(spec, &secret, &evaluation)) return failed();
    if (cloakwork_secret_keys_write(secret, "correct horse", &file)) return failed();
    cloakwork_secret_keys_free(secret);
    if (cloakwork_secret_keys_read(spec, file.data, file.length, "battery staple", &secret) == CLOAKWORK_OK) return 1;
    if (strstr(cloakwork_last_error(), "not the right one") == NULL) return failed();
    if (cloakwork_secret_keys_read(spec, file.data, file.length, "correct horse", &secret)) return failed();

    /* It encrypts a question. */
    const int64_t x[NET_MAIN_X_ELEMENTS] = {3, 1, 0, 0, 1, 3}, c[NET_MAIN_C_ELEMENTS] = {4};
    cloakwork_bytes question, answer;
    if (net_main_encrypt(spec, secret, x, c, &question)) return failed();

    /* The server answers it. */
    cloakwork_program *program;
    cloakwork_evaluation_keys *keys;
    if (net_main_load(&program)) return failed();
    if (cloakwork_evaluation_keys_read(program, evaluation.data, evaluation.length, &keys)) return failed();
    if (cloakwork_run(program, keys, question.data, question.length, 0, &answer)) return failed();
    /* What is no question is refused with a reason. */
    cloakwork_bytes none;
    if (cloakwork_run(program, keys, question.data, question.length / 2, 0, &none) == CLOAKWORK_OK) return 1;
    fprintf(stderr, "refused: %s\n", cloakwork_last_error());

    /* The client decrypts the answer. */
    int64_t y[NET_MAIN_Y_ELEMENTS], sum[NET_MAIN_SUM_ELEMENTS];
    if (net_main_decrypt(spec, secret, answer.data, answer.length, y, sum)) return failed();
    printf("y = [%lld, %lld]\nsum = %lld\n", (long long)y[0], (long long)y[1], (long long)sum[0]);

    cloakwork_bytes_free(&evaluation);
    cloakwork_bytes_free(&file);
    cloakwork_bytes_free(&question);
    cloakwork_bytes_free(&answer);
    cloakwork_evaluation_keys_free(keys);
    cloakwork_program_free(program);
    cloakwork_secret_keys_free(secret);
    cloakwork_spec_free(spec);
    return 0;
}
