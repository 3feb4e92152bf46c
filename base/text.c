#include "base/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* Room for `extra` bytes and a NUL. */
static bool reserve(struct floe__text *text, size_t extra) {
  if (text->failed) return false;
  size_t wanted;
  if (__builtin_add_overflow(text->length, extra, &wanted) || __builtin_add_overflow(wanted, (size_t)1, &wanted)) {
    text->failed = true;
    return false;
  }
  if (wanted <= text->capacity) return true;
  size_t capacity = text->capacity ? text->capacity : 256;
  while (capacity < wanted) capacity = capacity > SIZE_MAX / 2 ? wanted : 2 * capacity;
  char *data = floe__resize(text->data, text->length, capacity, 1);
  if (!data) {
    text->failed = true;
    return false;
  }
  text->data = data;
  text->capacity = capacity;
  return true;
}

void floe__text_append(struct floe__text *text, const char *data, size_t length) {
  if (!reserve(text, length)) return;
  if (length) memcpy(text->data + text->length, data, length);
  text->length += length;
  text->data[text->length] = '\0';
}

void floe__text_puts(struct floe__text *text, const char *string) {
  floe__text_append(text, string, strlen(string));
}

void floe__text_vprintf(struct floe__text *text, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  const size_t room = text->failed || !text->data ? 0 : text->capacity - text->length; /* mostly enough: printed once */
  const int length = vsnprintf(room ? text->data + text->length : NULL, room, format, arguments);
  if (length < 0) {
    text->failed = true;
  } else if ((size_t)length < room || reserve(text, (size_t)length)) {
    if ((size_t)length >= room) vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
  } else if (room) {
    text->data[text->length] = '\0';
  }
  va_end(again);
}

void floe__text_printf(struct floe__text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  floe__text_vprintf(text, format, arguments);
  va_end(arguments);
}

void floe__text_free(struct floe__text *text) {
  floe__free(text->data);
  *text = (struct floe__text){0};
}
