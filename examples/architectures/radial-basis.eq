# A radial basis function network with trained centres and widths
# Broomhead and Lowe (1988), Multivariable functional interpolation and adaptive networks
X: 3 x m
Y: 2 x m
C: 3 x 6
s: 6 x 1
W: 2 x 6
R = sum(C**2, axis=0).T + sum(X**2, axis=0) - 2 * C.T @ X
H = exp(-R * exp(s))
loss = mse(W @ H, Y)
