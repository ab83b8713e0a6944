"""The judge: certified references, the error ledger, convergence."""
