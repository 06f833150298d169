//! How high the operand stack is along a function, and so whether an operand at one place is still
//! the one that it was at another.
//!
//! Compilers say of a variable that it is an operand of the stack, and say so for places where that
//! operand was long taken and another one stands there. The height tells.

use super::{CoreModule, FunctionBody};
use crate::offsets::CodeOffset;
use wasmparser::{
    BlockType, ContType, FrameKind, FuncType, ModuleArity, Operator, RefType, SubType,
};

/// Opcodes that are looked at to answer one question.
const MAX_OPCODES: usize = 4 << 20;

/// The deepest nesting of blocks that is followed.
const MAX_BLOCKS: usize = 64 * 1024;

/// A block that is open.
struct Block {
    ty: BlockType,
    /// The height below its parameters.
    base: u32,
}

struct Heights<'m> {
    module: &'m CoreModule,
    blocks: Vec<Block>,
    height: u32,
}

impl CoreModule {
    /// Whether the operand with this index (0 is the bottom) at `to` is the very one that it was at
    /// `from`: `Some(false)` when something took it in between, or there was none. `None` when that
    /// cannot be told.
    pub(crate) fn operand_stays(
        &self,
        body: &FunctionBody,
        index: u32,
        from: CodeOffset,
        to: CodeOffset,
    ) -> Option<bool> {
        let mut heights = Heights {
            module: self,
            blocks: vec![Block {
                ty: BlockType::Empty,
                base: 0,
            }],
            height: 0,
        };
        let mut seen = false;
        for (at, operator) in self.opcodes(body).take(MAX_OPCODES) {
            if at >= from && !seen {
                seen = true;
                if heights.height <= index {
                    return Some(false);
                }
            }
            if at >= to {
                return seen.then_some(true);
            }
            let lowest = heights.step(&operator)?;
            if seen && lowest <= index {
                return Some(false);
            }
        }
        None
    }

    /// How many parameters and results a block has.
    pub(crate) fn block_arity(&self, ty: BlockType) -> Option<(u32, u32)> {
        Some(match ty {
            BlockType::Empty => (0, 0),
            BlockType::Type(_) => (0, 1),
            BlockType::FuncType(ty) => {
                let ty = self.type_at(ty)?;
                (
                    u32::try_from(ty.params().len()).ok()?,
                    u32::try_from(ty.results().len()).ok()?,
                )
            }
        })
    }
}

impl Heights<'_> {
    /// Goes on by one opcode; gives the height that is left when it has taken its operands.
    fn step(&mut self, operator: &Operator<'_>) -> Option<u32> {
        match operator {
            Operator::Block { blockty }
            | Operator::Loop { blockty }
            | Operator::Try { blockty } => self.open(*blockty, 0),
            Operator::TryTable { try_table } => self.open(try_table.ty, 0),
            Operator::If { blockty } => self.open(*blockty, 1),
            Operator::Else | Operator::CatchAll => {
                let block = self.blocks.last()?;
                let (parameters, _) = self.module.block_arity(block.ty)?;
                let base = block.base;
                let again = matches!(operator, Operator::Else);
                self.height = base.checked_add(if again { parameters } else { 0 })?;
                Some(base)
            }
            // What a handler finds depends on its tag.
            Operator::Catch { .. } => None,
            Operator::End | Operator::Delegate { .. } => {
                let block = self.blocks.pop()?;
                let (_, results) = self.module.block_arity(block.ty)?;
                self.height = block.base.checked_add(results)?;
                // The results may come from elsewhere.
                Some(block.base)
            }
            Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::Unreachable
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. }
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::Rethrow { .. } => {
                // Nothing comes here next but what other ways lead to.
                self.height = self.blocks.last()?.base;
                Some(self.height)
            }
            // What a branch takes along, it leaves as well.
            Operator::BrIf { .. } => self.through(1, 0),
            Operator::Call { function_index } => {
                let ty = self.module.function_type(*function_index)?;
                self.call(ty, 0)
            }
            Operator::CallIndirect { type_index, .. } => {
                let ty = self.module.type_at(*type_index)?;
                self.call(ty, 1)
            }
            other => {
                let (taken, given) = plain_arity(other)?;
                self.through(taken, given)
            }
        }
    }

    fn call(&mut self, ty: &FuncType, more: u32) -> Option<u32> {
        let taken = u32::try_from(ty.params().len()).ok()?.checked_add(more)?;
        self.through(taken, u32::try_from(ty.results().len()).ok()?)
    }

    fn through(&mut self, taken: u32, given: u32) -> Option<u32> {
        // Code that nothing leads to takes from a stack that has all there may be.
        let base = self.blocks.last()?.base;
        let lowest = self.height.saturating_sub(taken).max(base);
        self.height = lowest.checked_add(given)?;
        Some(lowest)
    }

    fn open(&mut self, ty: BlockType, more: u32) -> Option<u32> {
        if self.blocks.len() >= MAX_BLOCKS {
            return None;
        }
        let (parameters, _) = self.module.block_arity(ty)?;
        let lowest = self.through(parameters.checked_add(more)?, parameters)?;
        self.blocks.push(Block { ty, base: lowest });
        // Parameters stay where they are: but for a loop's, which may come again.
        Some(lowest)
    }
}

/// How many operands an opcode takes and gives, of those that take and give the same whatever types
/// there are.
pub(crate) fn plain_arity(operator: &Operator<'_>) -> Option<(u32, u32)> {
    operator.operator_arity(&NoTypes)
}

/// For opcodes that take and give the same whatever types there are; of others, nothing is known.
struct NoTypes;

impl ModuleArity for NoTypes {
    fn sub_type_at(&self, _: u32) -> Option<&SubType> {
        None
    }

    fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
        None
    }

    fn type_index_of_function(&self, _: u32) -> Option<u32> {
        None
    }

    fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
        None
    }

    fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
        None
    }

    fn control_stack_height(&self) -> u32 {
        0
    }

    fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::offsets::CodeOffset;
    use crate::wasm::Binary;

    /// Whether operand `index` stays from the opcode with the number `from` to that with `to`.
    fn stays(wat: &str, index: u32, from: usize, to: usize) -> Option<bool> {
        let bytes = wat::parse_str(wat).expect("well-formed text");
        let binary = Binary::parse(bytes.into()).expect("a module");
        let module = &binary.modules[0];
        let body = module.bodies.first().expect("a function");
        let places: Vec<CodeOffset> = module.opcodes(body).map(|(at, _)| at).collect();
        module.operand_stays(body, index, places[from], places[to])
    }

    #[test]
    fn an_operand_is_the_same_until_something_takes_it() {
        let plain = r#"(module (func (param i32) (result i32)
            i32.const 1     ;; 0
            local.get 0     ;; 1
            i32.const 7     ;; 2
            i32.add         ;; 3
            block           ;; 4
              i32.const 3   ;; 5
              drop          ;; 6
            end             ;; 7
            i32.add         ;; 8
            nop             ;; 9
        ))"#;
        let table = [
            (0, 1, 8, Some(true)),
            (0, 1, 9, Some(false)),
            (1, 2, 3, Some(true)),
            (1, 2, 4, Some(false)),
            (1, 4, 8, Some(true)),
            (1, 1, 3, Some(false)),
            (0, 0, 3, Some(false)),
            (2, 6, 6, Some(true)),
            (2, 6, 7, Some(false)),
        ];
        for (index, from, to, expected) in table {
            assert_eq!(
                stays(plain, index, from, to),
                expected,
                "{index} {from} {to}"
            );
        }
    }

    #[test]
    fn what_a_block_gives_is_new() {
        let block = r#"(module (func (param i32) (result i32)
            i32.const 1         ;; 0
            block (result i32)  ;; 1
              i32.const 2       ;; 2
              local.get 0       ;; 3
              br_if 0           ;; 4
              drop              ;; 5
              i32.const 3       ;; 6
            end                 ;; 7
            i32.add             ;; 8
        ))"#;
        assert_eq!(stays(block, 1, 3, 5), Some(true));
        assert_eq!(stays(block, 1, 3, 8), Some(false));
        assert_eq!(stays(block, 0, 1, 8), Some(true));
    }
}
