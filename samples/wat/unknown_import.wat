;; Imports what no host here provides: a function of an interface that somebody made up, next to
;; one of WASI, which is provided.
(module $unknown_import
  (import "env" "random_dice" (func $random_dice (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    i32.const 6
    call $random_dice
    call $proc_exit)
)
