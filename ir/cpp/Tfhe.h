// Generated classes of the `tfhe` dialect.
#pragma once
#include "Common.h"

#include "TfheDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "TfheTypes.h.inc"
#define GET_OP_CLASSES
#include "TfheOps.h.inc"
