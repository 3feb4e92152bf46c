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
    1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125, 6103515625,
    30517578125, 152587890625, 762939453125, 3814697265625, 19073486328125, 95367431640625, 476837158203125,
    2384185791015625, 11920928955078125, 59604644775390625, 298023223876953125, 1490116119384765625,
    7450580596923828125};

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

/* Eight digits at once: the halves of four, then pairs, then digits side by side in one word. Quotients by 100 and by
 * 10 are products, exact for what is below 10000 and below 100. */
static void write_eight(uint32_t number, char to[8]) {
  const uint64_t halves = number / 10000 | (uint64_t)(number % 10000) << 32;
  const uint64_t hundreds = (halves * 10486 >> 20) & UINT64_C(0x7f0000007f);
  const uint64_t pairs = hundreds | (halves - 100 * hundreds) << 16;
  const uint64_t tens = (pairs * 103 >> 10) & UINT64_C(0xf000f000f000f);
  const uint64_t digits = (tens | (pairs - 10 * tens) << 8) + UINT64_C(0x3030303030303030);
  for (int k = 0; k < 8; k++) to[k] = (char)(digits >> 8 * k);
}

/* Of a number of 17 digits. */
static void write_digits(uint64_t number, char to[MOST_DIGITS]) {
  const uint64_t eight = 100000000, rest = number / eight;
  to[0] = (char)('0' + rest / eight);
  write_eight((uint32_t)(rest % eight), to + 1);
  write_eight((uint32_t)(number % eight), to + 9);
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
  const int size = exponent < 0 ? -exponent : exponent; /* of two digits here */
  *at++ = (char)('0' + size / 10);
  *at++ = (char)('0' + size % 10);
  return (size_t)(at - to);
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
  write_digits(number * (fives[MOST_DIGITS - n] << (MOST_DIGITS - n)), digits);
  if (x < 0) out[length++] = '-';
  const int wanted = n;
  while (n > 1 && digits[n - 1] == '0') n--;
  length += (exponent < -4 || exponent >= wanted ? with_exponent : with_point)(digits, n, exponent, out + length);
  floe__text_append(text, out, length);
}
