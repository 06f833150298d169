//! Host functions that no table knows: imports of the embedder's own, recorded with raw values.
