/* auth/token.c -- making, hashing and comparing tokens; see auth.h. */
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "auth/auth.h"

#define PREFIX "ty_"
#define RANDOM_BYTES 32

_Static_assert(AUTH_HASH_BYTES == crypto_hash_sha256_BYTES, "the hash is SHA-256");
_Static_assert(AUTH_TOKEN_BYTES ==
		sizeof(PREFIX) - 1 +
			sodium_base64_ENCODED_LEN(RANDOM_BYTES,
				sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	"the text holds the prefix, the random bits and a NUL");

int auth_init(struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_INTERNAL, "libsodium finds no source of random bytes");
	return 0;
}

void auth_sha256(struct str bytes, uint8_t hash[AUTH_HASH_BYTES])
{
	crypto_hash_sha256(hash, (const unsigned char *)bytes.at, bytes.length_bytes);
}

void auth_token_make(char text[AUTH_TOKEN_BYTES], uint8_t hash[AUTH_HASH_BYTES])
{
	unsigned char bits[RANDOM_BYTES];
	size_t prefix = sizeof(PREFIX) - 1;
	randombytes_buf(bits, sizeof(bits));
	memcpy(text, PREFIX, prefix);
	sodium_bin2base64(text + prefix, AUTH_TOKEN_BYTES - prefix, bits, sizeof(bits),
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(bits, sizeof(bits));
	auth_sha256((struct str){ text, AUTH_TOKEN_BYTES - 1 }, hash);
}

static bool is_base64url(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

bool auth_token_hash(struct str text, uint8_t hash[AUTH_HASH_BYTES])
{
	if (text.length_bytes != AUTH_TOKEN_BYTES - 1 || !str_starts(text, PREFIX))
		return false;
	for (size_t i = sizeof(PREFIX) - 1; i < text.length_bytes; i++) {
		if (!is_base64url(text.at[i]))
			return false;
	}
	auth_sha256(text, hash);
	return true;
}

bool auth_hash_same(const uint8_t a[AUTH_HASH_BYTES], const uint8_t b[AUTH_HASH_BYTES])
{
	return sodium_memcmp(a, b, AUTH_HASH_BYTES) == 0;
}

bool auth_bearer(struct str header, struct str *token)
{
	static const char scheme[] = "Bearer ";
	size_t length = sizeof(scheme) - 1;
	if (header.length_bytes <= length || strncasecmp(header.at, scheme, length) != 0)
		return false;
	*token = str_trim((struct str){ header.at + length, header.length_bytes - length });
	return token->length_bytes > 0;
}
