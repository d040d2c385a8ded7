#pragma once

/// Marks what libmapistore exports; everything else has hidden visibility.
#define MAPISTORE_API __attribute__((visibility("default")))
