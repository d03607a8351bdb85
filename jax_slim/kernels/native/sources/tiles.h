// Products by AMX: 16 pixels and a panel at once. A part of `narrow.cc`.

// The tiles' numbers: sums of a panel's two vectors, pixels and weights; and those of the end of a run, which may be
// shorter. Macros, because GCC makes names of registers of their text.
#define JAX_SLIM_SUMS 0
#define JAX_SLIM_MORE_SUMS 1
#define JAX_SLIM_PIXELS 2
#define JAX_SLIM_WEIGHTS 3
#define JAX_SLIM_MORE_WEIGHTS 4
#define JAX_SLIM_LAST_PIXELS 5
#define JAX_SLIM_LAST_WEIGHTS 6
#define JAX_SLIM_MORE_LAST_WEIGHTS 7

inline void multiply_tiles(Bytes) {
  _tile_dpbusd(JAX_SLIM_SUMS, JAX_SLIM_PIXELS, JAX_SLIM_WEIGHTS);
  _tile_dpbusd(JAX_SLIM_MORE_SUMS, JAX_SLIM_PIXELS, JAX_SLIM_MORE_WEIGHTS);
}
inline void multiply_last_tiles(Bytes) {
  _tile_dpbusd(JAX_SLIM_SUMS, JAX_SLIM_LAST_PIXELS, JAX_SLIM_LAST_WEIGHTS);
  _tile_dpbusd(JAX_SLIM_MORE_SUMS, JAX_SLIM_LAST_PIXELS, JAX_SLIM_MORE_LAST_WEIGHTS);
}
inline void multiply_tiles(Halves) {
  _tile_dpbf16ps(JAX_SLIM_SUMS, JAX_SLIM_PIXELS, JAX_SLIM_WEIGHTS);
  _tile_dpbf16ps(JAX_SLIM_MORE_SUMS, JAX_SLIM_PIXELS, JAX_SLIM_MORE_WEIGHTS);
}
inline void multiply_last_tiles(Halves) {
  _tile_dpbf16ps(JAX_SLIM_SUMS, JAX_SLIM_LAST_PIXELS, JAX_SLIM_LAST_WEIGHTS);
  _tile_dpbf16ps(JAX_SLIM_MORE_SUMS, JAX_SLIM_LAST_PIXELS, JAX_SLIM_MORE_LAST_WEIGHTS);
}

// The tiles of one part: set when it begins, and given back when it ends.
template <typename Products>
class Tiles {
 public:
  Tiles(const Panels& panels, int64_t columns) : panels_(panels), columns_(columns) {
    blocks_ = (columns + 15) / 16;
    pixels_ = (columns + blocks_ - 1) / blocks_;
    last_ = panels.runs.length % kBytes;
    whole_ = panels.runs.length / kBytes;
    if (!worth_it()) return;
    const auto rest = static_cast<uint8_t>(last_ ? (last_ + 3) / 4 : 16);  // in rows of four bytes
    const auto pixels = static_cast<uint8_t>(pixels_);
    alignas(64) Shapes shapes{};
    for (int tile : {JAX_SLIM_SUMS, JAX_SLIM_MORE_SUMS}) shapes.set(tile, pixels, 64);
    shapes.set(JAX_SLIM_PIXELS, pixels, 64);
    shapes.set(JAX_SLIM_LAST_PIXELS, pixels, 4 * rest);
    for (int tile : {JAX_SLIM_WEIGHTS, JAX_SLIM_MORE_WEIGHTS}) shapes.set(tile, 16, 64);
    for (int tile : {JAX_SLIM_LAST_WEIGHTS, JAX_SLIM_MORE_LAST_WEIGHTS}) shapes.set(tile, rest, 64);
    _tile_loadconfig(&shapes);
  }
  Tiles(const Tiles&) = delete;
  ~Tiles() {
    if (worth_it()) _tile_release();
  }

  bool worth_it() const { return columns_ >= 4; }

  // A row of results: blocks of as many pixels, of which the last one may repeat some of the one before.
  void row(const uint8_t* in, const uint8_t* weights, const Finish<Products>& finish, int64_t at) const {
    for (int64_t b = 0; b < blocks_; ++b) {
      const int64_t x = least(b * pixels_, columns_ - pixels_);
      block(in + x * panels_.step, weights, finish, at + x * panels_.c.filters);
    }
  }

 private:
  static constexpr int64_t kBytes = 64, kRow = 4 * kPanel;

  struct Shapes {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t bytes[16] = {};
    uint8_t rows[16] = {};
    void set(int tile, uint8_t height, uint16_t width) { rows[tile] = height, bytes[tile] = width; }
  };

  void block(const uint8_t* in, const uint8_t* weights, const Finish<Products>& finish, int64_t at) const {
    _tile_zero(JAX_SLIM_SUMS);
    _tile_zero(JAX_SLIM_MORE_SUMS);
    for (int64_t run = 0; run < panels_.runs.number; ++run) {
      const uint8_t* from = in + panels_.runs.at(run);
      for (int64_t k = 0; k < whole_; ++k, from += kBytes, weights += 16 * kRow) {
        _tile_loadd(JAX_SLIM_PIXELS, from, panels_.step);
        _tile_loadd(JAX_SLIM_WEIGHTS, weights, kRow);
        _tile_loadd(JAX_SLIM_MORE_WEIGHTS, weights + kRow / 2, kRow);
        multiply_tiles(Products{});
      }
      if (!last_) continue;
      _tile_loadd(JAX_SLIM_LAST_PIXELS, from, panels_.step);
      _tile_loadd(JAX_SLIM_LAST_WEIGHTS, weights, kRow);
      _tile_loadd(JAX_SLIM_MORE_LAST_WEIGHTS, weights + kRow / 2, kRow);
      multiply_last_tiles(Products{});
      weights += (last_ + 3) / 4 * kRow;
    }
    alignas(64) typename Products::Sum sums[16][kWide];
    _tile_stored(JAX_SLIM_SUMS, &sums[0][0], sizeof(sums[0]));
    _tile_stored(JAX_SLIM_MORE_SUMS, &sums[0][1], sizeof(sums[0]));
    for (int64_t m = 0; m < pixels_; ++m) {
      for (int v = 0; v < kWide; ++v) sums[m][v] += finish.start[v];
      finish.store(at + m * panels_.c.filters, sums[m]);
    }
  }

  const Panels& panels_;
  int64_t columns_, blocks_, pixels_, whole_, last_;
};
