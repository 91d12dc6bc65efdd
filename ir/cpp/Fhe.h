// Generated classes of the `fhe` dialect.
#pragma once
#include "Common.h"

#include "FheDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "FheTypes.h.inc"
#define GET_OP_CLASSES
#include "FheOps.h.inc"
