# A column divided by its length
X: 3 x m
Y: 3 x m
W: 3 x 3
U = W @ X
A = U / sqrt(sum(U**2))
loss = mse(A, Y)
