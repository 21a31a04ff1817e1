// The whole of json/. Where no raw value is needed, decode.hpp and encode.hpp compile faster.
#pragma once

#include "json/decode.hpp"
#include "json/encode.hpp"
#include "json/error.hpp"
#include "json/mapping.hpp"
#include "json/value.hpp"
