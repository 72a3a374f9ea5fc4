# A convolution in an equation
X: 9 x m
Y: 4 x m
K: 1 x 4
loss = mse(conv2d(X, K), Y)
