/* Cloakwork for C: keys, encryption, runs on ciphertexts, decryption.
 *
 * Functions return CLOAKWORK_OK or CLOAKWORK_FAILED; cloakwork_last_error() then says why, until the next call on the
 * same thread. `function` is the name of a function of the program, or NULL where it has only one. Integers and reals
 * are row-major. Objects may be used by several threads at once, but freed by one only.
 */
#ifndef CLOAKWORK_H
#define CLOAKWORK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CLOAKWORK_OK 0
#define CLOAKWORK_FAILED 1

/* What a client knows of a program. */
typedef struct cloakwork_spec cloakwork_spec;
/* What a client encrypts and decrypts with; wiped from memory when freed. */
typedef struct cloakwork_secret_keys cloakwork_secret_keys;
/* What a server computes with. */
typedef struct cloakwork_evaluation_keys cloakwork_evaluation_keys;
/* A function with its machine code. */
typedef struct cloakwork_program cloakwork_program;

/* Bytes that are given back with cloakwork_bytes_free. */
typedef struct { uint8_t *data; size_t length; } cloakwork_bytes;
/* One argument or result. */
typedef struct { int64_t *data; size_t length; } cloakwork_integers;
typedef struct { double *data; size_t length; } cloakwork_reals;
/* Machine code that is linked into the program. */
typedef int32_t (*cloakwork_entry)(const void *context, const uint64_t *const *inputs, uint64_t *const *outputs);

const char *cloakwork_last_error(void);
void cloakwork_bytes_free(cloakwork_bytes *bytes);

/* The client. */

/* Reads the spec out of an artifact, an executable or JSON. */
int32_t cloakwork_spec_read(const uint8_t *file, size_t length, cloakwork_spec **spec);
int32_t cloakwork_spec_json(const cloakwork_spec *spec, cloakwork_bytes *json);
void cloakwork_spec_free(cloakwork_spec *spec);

/* New keys; `evaluation` are the bytes of the file for the server. */
int32_t cloakwork_keygen(const cloakwork_spec *spec, cloakwork_secret_keys **secret, cloakwork_bytes *evaluation);
/* The bytes of a file of secret keys; under a passphrase, in the format of age, unless it is NULL. */
int32_t cloakwork_secret_keys_write(const cloakwork_secret_keys *secret, const char *passphrase, cloakwork_bytes *file);
int32_t cloakwork_secret_keys_read(const cloakwork_spec *spec, const uint8_t *file, size_t length, const char *passphrase,
                                   cloakwork_secret_keys **secret);
void cloakwork_secret_keys_free(cloakwork_secret_keys *secret);

int32_t cloakwork_encrypt(const cloakwork_spec *spec, const char *function, const cloakwork_secret_keys *secret,
                          const cloakwork_integers *arguments, size_t count, cloakwork_bytes *question);
int32_t cloakwork_decrypt(const cloakwork_spec *spec, const char *function, const cloakwork_secret_keys *secret,
                          const uint8_t *answer, size_t length, const cloakwork_integers *results, size_t count);
/* Of models on reals. `saturated`, unless NULL, is told how many elements lie outside of the calibrated range. */
int32_t cloakwork_encrypt_reals(const cloakwork_spec *spec, const char *function, const cloakwork_secret_keys *secret,
                                const cloakwork_reals *arguments, size_t count, uint64_t *saturated,
                                cloakwork_bytes *question);
int32_t cloakwork_decrypt_reals(const cloakwork_spec *spec, const char *function, const cloakwork_secret_keys *secret,
                                const uint8_t *answer, size_t length, const cloakwork_reals *results, size_t count);

/* The server. */

/* Loads the machine code of an artifact, which runs in this process: load only what you trust. */
int32_t cloakwork_program_read(const uint8_t *artifact, size_t length, const char *function, cloakwork_program **program);
int32_t cloakwork_program_linked(cloakwork_entry entry, const uint8_t *spec, size_t length, const char *function,
                                 cloakwork_program **program);
void cloakwork_program_free(cloakwork_program *program);

int32_t cloakwork_evaluation_keys_read(const cloakwork_program *program, const uint8_t *file, size_t length,
                                       cloakwork_evaluation_keys **keys);
void cloakwork_evaluation_keys_free(cloakwork_evaluation_keys *keys);

/* Runs on encrypted arguments with that many threads, or with one for each core if it is 0. */
int32_t cloakwork_run(const cloakwork_program *program, const cloakwork_evaluation_keys *keys, const uint8_t *question,
                      size_t length, size_t threads, cloakwork_bytes *answer);

#ifdef __cplusplus
}
#endif
#endif
