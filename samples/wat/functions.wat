;; A core module without `_start`: functions to be called by name.
;;
;; `divide` traps when its second argument is 0, `sum_to` shows a loop, `load` reads linear memory
;; and traps beyond its single page, and `pair` has two results.
(module $functions
  (memory (export "memory") 1)
  (data (i32.const 16) "\2a\00\00\00")

  (func $add (export "add") (param $left i32) (param $right i32) (result i32)
    local.get $left
    local.get $right
    i32.add)

  (func $divide (export "divide") (param $dividend i32) (param $divisor i32) (result i32)
    local.get $dividend
    local.get $divisor
    i32.div_s)

  (func $half (export "half") (param $value f64) (result f64)
    local.get $value
    f64.const 0.5
    f64.mul)

  (func $sum_to (export "sum_to") (param $limit i64) (result i64)
    (local $sum i64)
    block $done
      loop $next
        local.get $limit
        i64.eqz
        br_if $done
        local.get $sum
        local.get $limit
        i64.add
        local.set $sum
        local.get $limit
        i64.const 1
        i64.sub
        local.set $limit
        br $next
      end
    end
    local.get $sum)

  (func $load (export "load") (param $address i32) (result i32)
    local.get $address
    i32.load)

  (func $pair (export "pair") (param $value i32) (result i32 i32)
    local.get $value
    local.get $value
    i32.const 1
    call $add)
)
