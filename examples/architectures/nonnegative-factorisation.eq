# Nonnegative matrix factorisation by the divergence, its factors as exponentials
# Lee and Seung (1999), Learning the parts of objects by non-negative matrix factorization
V: 5 x 6 constant
A: 5 x 2
B: 2 x 6
R = exp(A) @ exp(B)
loss = sum(R - V * log(R))
