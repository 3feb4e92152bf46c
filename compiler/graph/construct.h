/* construct.h: the smart constructors of the plate graph. Each gives a node equal in value to what it is asked for, and
 * simpler where that is known to be so for every number that may come: x * 0 stays, since x may be infinite.
 *
 * Loops are built from the inside out. graph_open gives a temporary binder that nothing else uses; the element is built
 * over node_binder(it); node_map, node_reduce and node_scan then close it, which renames it to its final level. Binders
 * close in the reverse of the order in which they were opened. */
#ifndef FLOE_GRAPH_CONSTRUCT_H
#define FLOE_GRAPH_CONSTRUCT_H

#include "compiler/graph/graph.h"

#define LEVEL_OPEN 1000 /* levels from here on are those of temporary binders */
#define LEVEL_FORM 999  /* of the scans that others are compared by; nothing rests on these */

const struct graph_binder *graph_binder(struct graph *graph, const struct dimension *dimension, size_t level,
                                        const char *name);
const struct graph_binder *graph_open(struct graph *graph, const struct dimension *dimension, const char *name);
void graph_close(struct graph *graph, const struct graph_binder *binder);

/* What the spec calls a value, where the node has no name yet. Constants and leaves are never named. */
void node_name(const struct node *node, const char *name);
/* Where in the spec it was made, where that is not known yet. */
void node_place(const struct node *node, struct span span);

const struct node *node_truth(struct graph *graph, bool truth);
const struct node *node_value(struct graph *graph, const struct variable *variable);
/* The numbers behind truth values: they may be NaN. */
const struct node *node_numbers(struct graph *graph, const struct variable *variable);
/* Whether a step's node rests on earlier steps; assumed where it has more operations than `budget`. */
bool node_looks_back(const struct node *node, size_t *budget);
/* Whether the node stands for numbers that are read from memory as they are. */
bool is_stored(const struct node *node);
const struct node *node_coordinate(struct graph *graph, const struct variable *variable);
const struct node *node_centring(struct graph *graph, const struct variable *variable);
const struct node *node_axis(struct graph *graph, const struct axis *axis);
const struct node *node_size(struct graph *graph, const struct dimension *dimension);
const struct node *node_binder(struct graph *graph, const struct graph_binder *binder);
const struct node *node_unary(struct graph *graph, enum operator_kind op, const struct node *operand);
const struct node *node_binary(struct graph *graph, enum operator_kind op, const struct node *left,
                               const struct node *right);
const struct node *node_select(struct graph *graph, const struct node *condition, const struct node *yes,
                               const struct node *no);
/* A whole call; n_dim and dim say what an array function gives. */
const struct node *node_extern(struct graph *graph, const struct external *external, enum base base, size_t n_dim,
                               const struct dimension *const *dim, const struct node *const *args);
const struct node *node_call(struct graph *graph, const struct external *external, const struct node *argument);
/* args: the external's arguments, then n_key element numbers. The outputs of a simulator are an array over `dim`. */
const struct node *node_draw(struct graph *graph, const struct external *external, const struct dimension *const *dim,
                             size_t site, size_t n_key, const struct node *const *args);
const struct node *node_finite(struct graph *graph, const struct node *density, const struct node *test);
const struct node *node_gather(struct graph *graph, const struct node *array, const struct node *const *indices);
const struct node *node_map(struct graph *graph, size_t n, const struct graph_binder *const *open,
                            const struct node *element);
/* Loops that start later: the elements before are not to be read. A map has one binder then. */
const struct node *node_map_from(struct graph *graph, size_t n, const struct graph_binder *const *open, size_t start,
                                 const struct node *element);
const struct node *node_reduce(struct graph *graph, enum reduction reduction, const struct graph_binder *open,
                               const struct node *element);
const struct node *node_reduce_from(struct graph *graph, enum reduction reduction, const struct graph_binder *open,
                                    size_t start, const struct node *element);
/* args: n_output * start, per output the initial values and then the body. */
const struct node *node_scan(struct graph *graph, const struct graph_binder *open, size_t start, size_t n_output,
                             const struct node *const *args);
const struct node *node_previous(struct graph *graph, const struct graph_binder *open, size_t index, size_t lag,
                                 enum base base);
const struct node *node_project(struct graph *graph, const struct node *scan, size_t index);
const struct node *node_literal(struct graph *graph, const struct dimension *dimension, size_t n,
                                const struct node *const *items);
/* options: one per option of the axis (NULL: excluded), or two for axis == NULL. Within an option, choices by the same axis
 * are that option's. */
const struct node *node_choose(struct graph *graph, const struct axis *axis, const struct node *const *options);

/* The node of the same kind over other arguments, simplified; loops are closed anew. */
const struct node *node_rebuild(struct graph *graph, const struct node *node, const struct node *const *args);

/* ---- substitute.c ---- */

/* Binders replaced by values, all at once; what the values depend on is not captured. */
const struct node *graph_substitute(struct graph *graph, const struct node *node, size_t n,
                                    const struct graph_binder *const *binders, const struct node *const *values);

/* What the node is where the axis (NULL: the coordinate system) takes the option. */
const struct node *graph_specialise(struct graph *graph, const struct node *node, const struct axis *axis,
                                    size_t option);

/* The same roots in a new graph that holds nothing but what they need; nodes keep their order. */
struct graph *graph_compact(struct floe__arena *arena, const struct graph *old, struct interpretation *interpretations);

/* ---- what print.c, verify.c and interpret.c share ---- */

const char *node_kind_text(enum node_kind kind);
uint64_t choose_bit(const struct axis *axis); /* in node.chooses */

#endif
