# Matrices that are written out, a mask, and a weight read as other rows and columns
# m = 5
X: 3 x m
Y: 3 x m
W: 3 x 3
V: 2 x 6
M: 3 x 3 constant = [[1, 0, -1/2], [0, 2, 0.25], [1, 1, 2]]
C: 3 x 3 constant = causal(3)
D = W * C
Z = D @ M @ X
B = reshape(V, 4, 3)
loss = mse(tanh(Z), Y) + sum(tanh(B) @ Z) / m
