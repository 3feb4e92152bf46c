/* diagnostic_codes.h: all codes of the compiler, DIAGNOSTIC(code, severity, title), sorted by code.
 * Include with DIAGNOSTIC defined; there is no include guard. Ranges are described in diagnostic.h. */

/* ---- E1xxx: scanning and parsing ---- */
DIAGNOSTIC(E1001, ERROR, "a character that has no meaning here")
DIAGNOSTIC(E1002, ERROR, "the file holds a NUL byte")
DIAGNOSTIC(E1003, ERROR, "the file is not valid UTF-8")
DIAGNOSTIC(E1004, ERROR, "a string that does not end on its line")
DIAGNOSTIC(E1005, ERROR, "a malformed number")
DIAGNOSTIC(E1006, ERROR, "a number out of range")
DIAGNOSTIC(E1007, ERROR, "an unknown escape in a string")
DIAGNOSTIC(E1010, ERROR, "unexpected text")
DIAGNOSTIC(E1011, ERROR, "a bracket that is not closed")
DIAGNOSTIC(E1012, ERROR, "a bracket that closes nothing")
DIAGNOSTIC(E1013, ERROR, "chained comparisons")
DIAGNOSTIC(E1014, ERROR, "`=` where two values are compared")
DIAGNOSTIC(E1015, ERROR, "a statement in the wrong place")
DIAGNOSTIC(E1016, ERROR, "a malformed reduction")
DIAGNOSTIC(E1017, ERROR, "a function body without `result`")
DIAGNOSTIC(E1018, ERROR, "`result` before the end of a body")

/* ---- E9xxx: limits and missing parts ---- */
DIAGNOSTIC(E9001, ERROR, "nested too deeply")
DIAGNOSTIC(E9002, ERROR, "too many tokens")
DIAGNOSTIC(E9003, ERROR, "the file is too large")
DIAGNOSTIC(E9010, ERROR, "a part of the language that this version does not have")
