# Deep sets: the elements of a set are columns
# Zaheer et al. (2017), Deep sets
X: 3 x n input
Y: 2 x 1
W1: 4 x 3
W2: 4 x 4
V1: 4 x 4
V2: 2 x 4
b1, c1: 4 x 1
S = sum(W2 @ relu(W1 @ X + b1), axis=1)
O = V2 @ relu(V1 @ S + c1)
loss = sum((O - Y)**2)
