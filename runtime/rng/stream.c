#include <floe/draws.h>

#include "runtime/rng/threefry.h"

void floe_stream_open(struct floe_stream *stream, uint64_t seed, uint64_t purpose, uint64_t unit, uint64_t site,
                      uint64_t element) {
  *stream = (struct floe_stream){.key = {seed, purpose, 0, 0}, .counter = {0, site, element, unit}, .used = 4};
}

uint64_t floe_stream_word(struct floe_stream *stream) {
  if (stream->used == 4) {
    floe__threefry(stream->key, stream->counter, stream->word);
    stream->counter[0]++;
    stream->used = 0;
  }
  return stream->word[stream->used++];
}
