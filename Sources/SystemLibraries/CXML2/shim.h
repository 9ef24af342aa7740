// Debian builds libxml2 with ICU, whose headers clash with the copy of ICU inside Swift's Foundation. They only add fields to
// `xmlCharEncodingHandler`, which Winnow never touches.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/HTMLparser.h>
#include <libxml/tree.h>
