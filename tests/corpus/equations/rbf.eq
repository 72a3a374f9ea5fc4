# Radial basis functions of one input
# m = 5
X: 1 x m
Y: 2 x m
w, c: 4 x 1
W: 2 x 4
D = w @ X - c
G = exp(-D**2)
loss = mse(W @ G, Y)
