# A flow of one square layer: the determinant, its logarithm, an inverse and parts
# m = 5
X: 3 x m
Y: 3 x m
W: 3 x 3
U: 5 x 3
v: 3 x 1
Z = inv(W) @ X + v
H = hstack(vstack(Z[0:1], Z[1:3]).T[:, 1:3], X.T) @ U
loss = mse(H.T + where(Y, Z, 0), Y) - logdet(W) + 0.1 * det(W) + sum(solve(W @ W.T, v))
