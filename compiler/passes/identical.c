/* Options of an axis that come to the same once everything is lowered: the nodes of the graph are then the same. */
#include "base/arena.h"
#include "compiler/graph/construct.h"
#include "compiler/passes/passes.h"
#include "compiler/source/diagnostic.h"

#define MAX_WORK ((size_t)500000)

static void warn_identical(struct diagnostics *sink, const struct axis *axis, size_t a, size_t b) {
  struct diagnostic *d = diagnose(sink, "W3002", axis->options[b].span, "the options `%s` and `%s` of `%s` are the same",
                                  axis->options[a].label, axis->options[b].label, axis->name);
  d->fix = "remove one of them";
  d->related = axis->options[a].span;
  d->related_message = "the same is said here";
}

static bool same_root(struct graph *graph, const struct root *root, const struct axis *axis, size_t a, size_t b,
                      bool *chooses) {
  uint64_t options = root->presence.options[axis->id];
  if ((options >> a & 1) != (options >> b & 1)) return false;
  if (!(options >> a & 1) || !(root->node->chooses & choose_bit(axis))) return true;
  const struct node *first = graph_specialise(graph, root->node, axis, a);
  *chooses = *chooses || first != root->node;
  return first == graph_specialise(graph, root->node, axis, b);
}

static bool same_options(struct graph *graph, const struct interpretation *interpretations, const struct axis *axis, size_t a,
                         size_t b) {
  bool chooses = false;
  for (size_t k = 0; k < N_INTERPRETATION; k++)
    for (size_t j = 0; j < interpretations[k].n_root; j++)
      if (!same_root(graph, &interpretations[k].roots[j], axis, a, b, &chooses)) return false;
  return chooses;
}

void find_identical_options(struct floe__arena *arena, struct diagnostics *sink, const struct study *study) {
  struct interpretation interpretations[N_INTERPRETATION];
  for (size_t k = 0; k < N_INTERPRETATION; k++) interpretations[k] = study->interpretations[k];
  size_t work = 0;
  for (size_t k = 0; k < study->program->n_axis; k++) work += study->program->axes[k]->n_option * study->graph->n_node;
  if (!work || work > MAX_WORK) return;
  struct graph *graph = graph_compact(arena, study->graph, interpretations); /* of our own: specialising adds nodes */
  for (size_t k = 0; k < study->program->n_axis; k++) {
    const struct axis *axis = study->program->axes[k];
    for (size_t b = 1; b < axis->n_option && !axis->equivalence; b++)
      for (size_t a = 0; a < b; a++)
        if (same_options(graph, interpretations, axis, a, b)) {
          warn_identical(sink, axis, a, b);
          break;
        }
  }
}
