;; A component without `wasi:cli/run`: functions of its own interface, with the types of the
;; component model, to be called by name: `add(2, 3)`, `greet("you")`, `divide(7, 0)`.
;;
;;   package sample:calculator;
;;   interface arithmetic {
;;     divide: func(dividend: s32, divisor: s32) -> s32;
;;   }
;;   world calculator {
;;     export add: func(left: u32, right: u32) -> u32;
;;     export greet: func(name: string) -> string;
;;     export arithmetic;
;;   }
;;
;; `divide` traps when the divisor is 0.
(component $calculator
  (core module $code
    (memory (export "memory") 1)
    (data (i32.const 1024) "hello ")
    (global $next (mut i32) (i32.const 4096))

    ;; The only allocation that the host asks for is the argument of `greet`: a bump will do.
    (func $realloc (export "cabi_realloc")
      (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (local $start i32)
      global.get $next
      local.get $align
      i32.add
      i32.const 1
      i32.sub
      i32.const 0
      local.get $align
      i32.sub
      i32.and
      local.tee $start
      local.get $size
      i32.add
      global.set $next
      local.get $start)

    (func $add (export "add") (param $left i32) (param $right i32) (result i32)
      local.get $left
      local.get $right
      i32.add)

    (func $divide (export "divide") (param $dividend i32) (param $divisor i32) (result i32)
      local.get $dividend
      local.get $divisor
      i32.div_s)

    ;; Puts "hello " in front of the name and answers where pointer and length are.
    (func $greet (export "greet") (param $name i32) (param $length i32) (result i32)
      i32.const 2048
      i32.const 1024
      i32.const 6
      memory.copy
      i32.const 2054
      local.get $name
      local.get $length
      memory.copy
      i32.const 1032
      i32.const 2048
      i32.store
      i32.const 1036
      local.get $length
      i32.const 6
      i32.add
      i32.store
      i32.const 1032)
  )
  (core instance $code (instantiate $code))
  (alias core export $code "memory" (core memory $memory))
  (alias core export $code "cabi_realloc" (core func $realloc))

  (func $add (param "left" u32) (param "right" u32) (result u32)
    (canon lift (core func $code "add")))
  (func $greet (param "name" string) (result string)
    (canon lift (core func $code "greet") (memory $memory) (realloc $realloc)))
  (func $divide (param "dividend" s32) (param "divisor" s32) (result s32)
    (canon lift (core func $code "divide")))
  (instance $arithmetic (export "divide" (func $divide)))

  (export "add" (func $add))
  (export "greet" (func $greet))
  (export "sample:calculator/arithmetic" (instance $arithmetic))
)
