# What is below zero of one goes, by the sign of another
# m = 5
X: 3 x m
Y: 3 x m
W: 3 x 3
Z = W @ X
H = where(Y, Z, 0)
loss = mse(H, Y)
