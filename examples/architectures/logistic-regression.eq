# Logistic regression
# Cox (1958), The regression analysis of binary sequences
X: 3 x m
Y: 1 x m
w: 1 x 3
b: 1 x 1
p = sigmoid(w @ X + b)
loss = bce(p, Y)
