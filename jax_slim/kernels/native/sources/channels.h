// Convolutions by channel of bytes: `kBytes` rows of a column are multiplied at a time. A part of `narrow.cc`.

constexpr int kChannelVectors = kLanes == 16 ? 4 : 2;
constexpr int kNeighbours = 4;  // pixels whose sums are kept in registers

// Rows side by side: of each column, a byte of each.
inline void interleave(const uint8_t* const (&rows)[Bytes::kBytes], int64_t count, uint8_t* to) {
  int64_t i = 0;
#if defined(__AVX512VNNI__)
  const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  const __m512i turned = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  auto sixteen = [&](int row) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[row] + i)); };
  for (; i + 16 <= count; i += 16) {
    __m512i some = _mm512_castsi128_si512(sixteen(0));
    some = _mm512_mask_broadcast_i32x4(some, 0x00f0, sixteen(1));
    some = _mm512_mask_broadcast_i32x4(some, 0x0f00, sixteen(2));
    some = _mm512_mask_broadcast_i32x4(some, 0xf000, sixteen(3));
    _mm512_storeu_si512(to + 4 * i, _mm512_shuffle_epi8(_mm512_permutexvar_epi32(order, some), turned));
  }
#elif defined(__AVX2__)
  auto sixteen = [&](int row) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[row] + i)); };
  for (; i + 16 <= count; i += 16) {
    const __m128i above = sixteen(0), below = sixteen(1);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * i), _mm_unpacklo_epi8(above, below));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + 2 * i + 16), _mm_unpackhi_epi8(above, below));
  }
#endif
  for (; i < count; ++i)
    for (int row = 0; row < Bytes::kBytes; ++row) to[Bytes::kBytes * i + row] = rows[row][i];
}

// Where a row of results finds what it is made of.
struct Columns {
  const uint8_t* in;       // the first column of interleaved rows, at a channel
  const uint8_t* weights;  // of the same channel
  int64_t groups, group, group_of_weights;  // of rows; bytes from one to the next
  int64_t taps, tap, tap_of_weights;        // of each; bytes from one to the next
  int64_t step;                             // bytes from a window to the next
};

template <int Wide, int Pixels>
void by_channel(const Columns& columns, int64_t x, const Finish<Bytes, Wide>& finish, int64_t at) {
  constexpr int64_t vector = Bytes::kBytes * kLanes;
  Bytes::Sum sums[Pixels][Wide];
  for (int m = 0; m < Pixels; ++m)
    for (int v = 0; v < Wide; ++v) sums[m][v] = finish.start[v];
  for (int64_t group = 0; group < columns.groups; ++group) {
    const uint8_t* in = columns.in + group * columns.group + x * columns.step;
    const uint8_t* weights = columns.weights + group * columns.group_of_weights;
    for (int64_t tap = 0; tap < columns.taps; ++tap, in += columns.tap, weights += columns.tap_of_weights) {
      Bytes::Weights taken[Wide];
      for (int v = 0; v < Wide; ++v) taken[v] = Bytes::weights(weights + v * vector);
      for (int m = 0; m < Pixels; ++m)
        for (int v = 0; v < Wide; ++v)
          sums[m][v] = Bytes::add(sums[m][v], Bytes::pixels(in + m * columns.step + v * vector), taken[v]);
    }
  }
  for (int m = 0; m < Pixels; ++m) finish.store(at + m * finish.c.filters, sums[m]);
}

// A row of results for some channels, from number `at` of all results on.
template <int Wide>
void row_by_channel(const Columns& columns, const Finish<Bytes, Wide>& finish, int64_t width, int64_t at) {
  if (width < kNeighbours) {
    for (int64_t x = 0; x < width; ++x) by_channel<Wide, 1>(columns, x, finish, at + x * finish.c.filters);
    return;
  }
  for (int64_t some = 0; some < width; some += kNeighbours) {
    const int64_t x = least(some, width - kNeighbours);  // the last may repeat some of those before
    by_channel<Wide, kNeighbours>(columns, x, finish, at + x * finish.c.filters);
  }
}

template <int Wide>
void rows_by_channel(const Narrow& c, const Rounded& rounded, Columns columns, int64_t channel, int64_t weights_of_row,
                     int64_t rows, int64_t first) {
  const Finish<Bytes, Wide> finish(c, rounded, channel);
  columns.in += channel * Bytes::kBytes, columns.weights += channel * Bytes::kBytes;
  for (int64_t row = 0; row < rows; ++row, columns.weights += weights_of_row)
    row_by_channel<Wide>(columns, finish, c.windows.out_width, first + row * c.windows.out_width * c.filters + channel);
}

bool convolve_by_channel(const Narrow& c, const Part& part) {
  const Windows& w = c.windows;
  const Seen seen = seen_by(w);
  const int64_t row = w.in_width * c.channels, column = c.channels * Bytes::kBytes;
  const int64_t groups = (w.height + Bytes::kBytes - 1) / Bytes::kBytes, at_once = rows_at_once(w, Bytes::kBytes);
  const int64_t left = least(w.left, seen.width), right = least(w.in_width, seen.width - left);
  // The image's rows that this part sees.
  const int64_t first = largest(0, part.first_row * w.stride_y - w.top);
  const int64_t last = (part.end_row - 1) * w.stride_y - w.top + (w.height - 1) * w.rate_y;
  const int64_t end = largest(first, least(w.in_height, last + 1));
  const int64_t interleaved = groups * seen.width * column;
  auto* memory = static_cast<uint8_t*>(scratch(interleaved + kSlack + row + (c.in ? (end - first) * row : 0)));
  if (!memory) return false;
  const int zero = static_cast<int>(c.in_zero);
  std::memset(memory, zero, interleaved);
  uint8_t* nothing = memory + interleaved + kSlack;  // a row beyond the image
  std::memset(nothing, zero, row);
  const int64_t seen_first = (part.image * w.in_height + first) * row;
  const uint8_t* image = nullptr;
  if (c.in) {
    narrowed<Bytes>(c.in + seen_first, (end - first) * row, Rounded(c.in_step, c.in_zero), nothing + row);
    image = nothing + row;
  } else {
    image = c.in_bytes + seen_first;
  }
  const int64_t filled = (c.channels + kLanes - 1) / kLanes * kLanes * Bytes::kBytes;
  const Columns columns{memory, c.weights, groups, seen.width * column, w.width * filled,
                        w.width, w.rate_x * column, filled, w.stride_x * column};
  const Rounded rounded(c.out_step, c.out_zero, c.activation.low, c.activation.high);
  for (int64_t y = part.first_row; y < part.end_row; y += at_once) {
    for (int64_t group = 0; group < groups; ++group) {
      const uint8_t* rows[Bytes::kBytes];
      for (int64_t i = 0; i < Bytes::kBytes; ++i) {
        const int64_t from = y * w.stride_y - w.top + (group * Bytes::kBytes + i) * w.rate_y;
        rows[i] = from >= first && from < end ? image + (from - first) * row : nothing;
      }
      interleave(rows, right * c.channels, memory + group * seen.width * column + left * column);
    }
    const int64_t number = least(at_once, part.end_row - y);
    const int64_t at = (part.image * w.out_height + y) * w.out_width * c.filters;
    for (int64_t channel = 0; channel < c.channels; channel += kChannelVectors * kLanes) {
      const int64_t vectors = (c.channels - channel + kLanes - 1) / kLanes;
      auto run = [&](auto wide) {
        rows_by_channel<wide.value>(c, rounded, columns, channel, groups * w.width * filled, number, at);
      };
      if (vectors >= kChannelVectors) {
        run(std::integral_constant<int, kChannelVectors>{});
      } else if (vectors == 1) {
        run(std::integral_constant<int, 1>{});
      } else if (vectors == 2) {
        run(std::integral_constant<int, kChannelVectors < 2 ? 1 : 2>{});
      } else {
        run(std::integral_constant<int, kChannelVectors < 3 ? 1 : 3>{});
      }
    }
  }
  return true;
}
