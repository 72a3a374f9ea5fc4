# A direction divided by its length, times a learned length
# m = 5
X: 3 x m
Y: 2 x m
V: 2 x 3
g: 1 x 1
q = sum(V**2)
r = q**-0.5
W = g * V * r
loss = mse(W @ X, Y)
