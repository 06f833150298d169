;; Opens "in.csv", "missing" and "../up" below the first preopened folder, then exits with failure.
(component
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (type $path-flags0 (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flags0)))
    (type $open-flags0 (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $open-flags0)))
    (type $descriptor-flags0 (flags "read" "write" "file-integrity-sync" "data-integrity-sync"
      "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $descriptor-flags0)))
    (type $error-code0 (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock"
      "quota" "exist" "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid"
      "io" "is-directory" "loop" "too-many-links" "message-size" "name-too-long" "no-device"
      "no-entry" "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty"
      "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe"
      "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error-code (eq $error-code0)))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $descriptor-flags)
      (result (result (own $descriptor) (error $error-code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $descriptor0))
    (export "descriptor" (type $descriptor (eq $descriptor0)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (import "wasi:cli/exit@0.2.0" (instance $exit
    (export "exit" (func (param "status" (result))))))
  (core module $memory-module
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $next (i32.add (global.get $next) (i32.const 256)))
      (global.get $next)))
  (core instance $memory (instantiate $memory-module))
  (alias core export $memory "memory" (core memory $mem))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $get-directories (canon lower (func $preopens "get-directories")
    (memory (core memory $mem)) (realloc (core func $realloc))))
  (core func $open-at (canon lower (func $types "[method]descriptor.open-at")
    (memory (core memory $mem))))
  (core func $exit (canon lower (func $exit "exit")))
  (core module $m
    (import "host" "memory" (memory 1))
    (import "host" "get-directories" (func $get-directories (param i32)))
    (import "host" "open-at" (func $open-at (param i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "exit" (func $exit (param i32)))
    (data (i32.const 100) "in.csv")
    (data (i32.const 110) "missing")
    (data (i32.const 120) "../up")
    (func (export "run") (param i32) (local $dir i32)
      (call $get-directories (i32.const 16))
      (local.set $dir (i32.load (i32.load (i32.const 16))))
      (call $open-at (local.get $dir) (i32.const 1) (i32.const 100) (i32.const 6) (i32.const 0)
        (i32.const 1) (i32.const 32))
      (call $open-at (local.get $dir) (i32.const 0) (i32.const 110) (i32.const 7) (i32.const 1)
        (i32.const 3) (i32.const 32))
      (call $open-at (local.get $dir) (i32.const 0) (i32.const 120) (i32.const 5) (i32.const 0)
        (i32.const 1) (i32.const 32))
      (call $exit (i32.const 1))))
  (core instance $i (instantiate $m (with "host" (instance
    (export "memory" (memory $mem))
    (export "get-directories" (func $get-directories))
    (export "open-at" (func $open-at))
    (export "exit" (func $exit))))))
  (func (export "run") (param "n" u32) (canon lift (core func $i "run"))))
