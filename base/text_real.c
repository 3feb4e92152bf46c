/* Numbers as printf's %.*g writes them, in the usual range without printf: x = m 2^e has the digits of
 * m 5^p 2^(e + p), rounded to an integer, where p places them all before the point. With p in 0 .. 27 the product
 * m 5^p fits into 128 bits, so that nothing is approximate. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

__extension__ typedef unsigned __int128 wide;

enum { MOST_DIGITS = 17, MOST_PLACES = 27 };

static const uint64_t fives[MOST_PLACES + 1] = {
    1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125, 6103515625, 30517578125,
    152587890625, 762939453125, 3814697265625, 19073486328125, 95367431640625, 476837158203125, 2384185791015625,
    11920928955078125, 59604644775390625, 298023223876953125, 1490116119384765625, 7450580596923828125};

/* m 5^p 2^shift, rounded to the nearest integer, halves to even ones. */
static uint64_t rounded(uint64_t m, int p, int shift) {
  const wide product = (wide)m * fives[p];
  if (shift >= 0) return (uint64_t)(product << shift);
  const wide whole = product >> -shift, rest = product - (whole << -shift), half = (wide)1 << (-shift - 1);
  return (uint64_t)whole + (rest > half || (rest == half && (whole & 1)));
}

/* The significant digits of a normal x > 0 as an integer of exactly n digits, and *exponent: x is about
 * digits 10^(exponent - n + 1). False where this is not for such short products. */
static bool digits_of(double x, int n, uint64_t *digits, int *exponent) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  const int e = (int)(bits >> 52) - 1022; /* x is in 2^(e - 1) .. 2^e */
  const uint64_t m = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52, limit = fives[n] << n;
  *exponent = (int)floor((e - 1) * 0.30102999566398120); /* that of x, or one less */
  for (int attempt = 0; attempt < 2; attempt++, ++*exponent) {
    const int p = n - 1 - *exponent;
    if (p < 0 || p > MOST_PLACES) return false;
    *digits = rounded(m, p, e - 53 + p);
    if (*digits < limit) return true;
  }
  return false;
}

/* The last n digits of a number, with leading zeros. */
static void write_digits(uint64_t number, int n, char *to) {
  for (; n > 1; n -= 2, number /= 100) {
    const unsigned pair = (unsigned)(number % 100);
    to[n - 1] = (char)('0' + pair % 10), to[n - 2] = (char)('0' + pair / 10);
  }
  if (n) to[0] = (char)('0' + number % 10);
}

static size_t with_exponent(const char *digits, int n, int exponent, char *to) {
  char *at = to;
  *at++ = digits[0];
  if (n > 1) {
    *at++ = '.';
    memcpy(at, digits + 1, (size_t)(n - 1));
    at += n - 1;
  }
  *at++ = 'e';
  *at++ = exponent < 0 ? '-' : '+';
  write_digits((uint64_t)(exponent < 0 ? -exponent : exponent), 2, at); /* never three here */
  return (size_t)(at + 2 - to);
}

/* The point stands behind digit `exponent` of n, counted from 0. */
static size_t with_point(const char *digits, int n, int exponent, char *to) {
  static const char zeros[] = "0.0000000000000000";
  const size_t whole = exponent < 0 ? 0 : (size_t)exponent + 1, count = (size_t)n, head = whole < count ? whole : count;
  char *at = to;
  if (exponent < 0) {
    memcpy(at, zeros, (size_t)(1 - exponent));
    at += 1 - exponent;
  }
  memcpy(at, digits, head);
  if (whole > head) memset(at + head, '0', whole - head);
  at += whole;
  if (exponent >= 0 && count > whole) *at++ = '.';
  if (count > head) memcpy(at, digits + head, count - head);
  return (size_t)(at + (count - head) - to);
}

void floe__text_real(struct floe__text *text, double x, int n) {
  char digits[MOST_DIGITS], out[MOST_DIGITS + 16];
  uint64_t number;
  int exponent;
  size_t length = 0;
  if (x == 0 && !signbit(x)) {
    floe__text_append(text, "0", 1);
    return;
  }
  if (!isnormal(x) || n > MOST_DIGITS || !digits_of(fabs(x), n, &number, &exponent)) {
    floe__text_printf(text, "%.*g", n, x);
    return;
  }
  write_digits(number, n, digits);
  if (x < 0) out[length++] = '-';
  const int wanted = n;
  while (n > 1 && digits[n - 1] == '0') n--;
  length += (exponent < -4 || exponent >= wanted ? with_exponent : with_point)(digits, n, exponent, out + length);
  floe__text_append(text, out, length);
}
