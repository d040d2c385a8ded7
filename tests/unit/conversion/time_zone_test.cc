#include "calendar_test.h"
