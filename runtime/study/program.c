/* program.c: where a compiled study begins. The generated C that is linked with libfloe defines the model. */
#include <floe/model.h>

extern const struct floe_model floe_the_model;

int main(int argc, char **argv) {
  return floe_study_main(&floe_the_model, argc, argv);
}
